// A loaded model: configuration, weights and tokenizer, and the facts about its file. Immutable after load and shared
// between sessions and threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/config.hpp"
#include "engine/model/panels.hpp"
#include "engine/model/profile_file.hpp"
#include "engine/model/row_table.hpp"
#include "engine/model/sampling_keys.hpp"
#include "engine/model/score_file.hpp"
#include "engine/model/token_work.hpp"
#include "engine/model/weights.hpp"
#include "engine/text/tokenizer.hpp"
#include "kernels/runtime.hpp"

namespace brim::model {

struct LoadOptions {
  WeightMemory memory = WeightMemory::own;
  int threads = 1;  ///< threads that repack and compute
  Log log{};        ///< is called with how the weights are kept, and with what of the file cannot be used
  /// The kernels that compute; null: this machine's best, as far as BRIM_ISA allows.
  const kernels::Table* table = nullptr;
};

/// What is needed from a model's file after loading. The file itself is not: with WeightMemory::own it is closed, and
/// may be changed, replaced or removed.
struct ModelFile {
  std::string path;
  std::vector<FileIdentity> parts;  ///< as they were when they were read
  ProfileOwner profiles;            ///< with the fingerprint
  FoundProfile carried;
  FoundScores carried_scores;
  TokenWork token_work;
  SamplingDefaults sampling;  ///< what its makers advise
  std::string tool_template;  ///< the chat template for requests with tools, or empty
  std::int64_t parameters = 0;
  quant::Format main_format = quant::Format::f32;  ///< the one most weight bytes are in
};

class Model {
 public:
  /// Opens, checks and reads (or maps) a model. `progress` is called with the bytes read; stopping it gives
  /// ErrorCode::cancelled. Errors: io, also when the file is changed meanwhile; bad_file, unsupported with one
  /// sentence; invalid_argument when BRIM_ISA names no usable set; out_of_memory when the weights do not fit; io when
  /// the cache of shared weights cannot be written.
  static Result<std::shared_ptr<const Model>> load(const std::string& path, const LoadOptions& options,
                                                   const Progress& progress = {});
  static Result<std::shared_ptr<const Model>> load(const std::string& path) { return load(path, LoadOptions{}); }
  /// The same for a file that is open in the way that options.memory requires, with a configuration that was read from
  /// that file. Errors: as load.
  static Result<std::shared_ptr<const Model>> create(io::Gguf file, Config config, const LoadOptions& options,
                                                     const Progress& progress = {});

  /// The runtime for this model: its kernels, and at most `count` of its threads, of which there are as many as
  /// requested or as the system granted when it was loaded.
  kernels::Runtime runtime(int count) const { return {*table_, {*threads_, count}}; }
  const kernels::Table& table() const { return *table_; }
  kernels::ThreadPool& threads() const { return *threads_; }
  const ModelFile& file() const { return file_; }
  const Config& config() const { return config_; }
  const Weights& weights() const { return weights_; }
  /// Of models with embeddings for each layer; empty for all others.
  const RowTable& layer_embeddings() const { return layer_embeddings_; }
  const text::Tokenizer& tokenizer() const { return tokenizer_; }
  /// What each token ends, by id: for caches that cut texts into blocks. Computed at the first call; any thread.
  std::span<const std::uint8_t> delimiters() const;
  /// tokenizer.chat_template, empty when the file has none.
  const std::string& chat_template() const { return chat_template_; }
  /// The file's template for requests with tools, empty when it has none.
  const std::string& tool_template() const { return file_.tool_template; }
  /// Bytes of weights in memory: panels and rows, or the file's where they are read in place.
  std::int64_t weight_bytes() const;

 private:
  Model(const kernels::Table& table, std::unique_ptr<kernels::ThreadPool> threads, ModelFile file,
        std::optional<io::Gguf> mapped, RowTable layer_embeddings, Config config, Panels panels, Weights weights,
        text::Tokenizer tokenizer, std::string chat_template)
      : table_(&table),
        threads_(std::move(threads)),
        file_(std::move(file)),
        mapped_(std::move(mapped)),
        layer_embeddings_(std::move(layer_embeddings)),
        config_(std::move(config)),
        panels_(std::move(panels)),
        weights_(std::move(weights)),
        tokenizer_(std::move(tokenizer)),
        chat_template_(std::move(chat_template)) {}

  const kernels::Table* table_;
  std::unique_ptr<kernels::ThreadPool> threads_;
  ModelFile file_;
  std::optional<io::Gguf> mapped_;  ///< with weights that stay in the file
  RowTable layer_embeddings_;
  Config config_;
  Panels panels_;  ///< what weights_ refers to, in addition to a mapped file
  Weights weights_;
  text::Tokenizer tokenizer_;
  mutable std::mutex delimiters_mutex_;  // not a once_flag: that goes through thread-local storage
  mutable bool delimiters_found_ = false;
  mutable std::vector<std::uint8_t> delimiters_;
  std::string chat_template_;
};

}  // namespace brim::model
