// A loaded model: its file, configuration, weights and tokenizer. Immutable after load and shared between sessions and
// threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/config.hpp"
#include "engine/model/panels.hpp"
#include "engine/model/weights.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::model {

struct LoadOptions {
  WeightMemory memory = WeightMemory::own;
  int threads = 1;  ///< that repack
  Log log{};        ///< hears how the weights are kept
};

class Model {
 public:
  /// Opens, checks and repacks (or pages in) a model. `progress` hears of bytes read; stopping it gives
  /// ErrorCode::cancelled. Errors: io, bad_file, unsupported with one sentence; invalid_argument when BRIM_ISA names no
  /// usable set; out_of_memory when repacked weights do not fit; io when the cache of shared ones cannot be written.
  static Result<std::shared_ptr<const Model>> load(const std::string& path, const LoadOptions& options,
                                                   const Progress& progress = {});
  static Result<std::shared_ptr<const Model>> load(const std::string& path) { return load(path, LoadOptions{}); }

  const io::Gguf& file() const { return file_; }
  const Config& config() const { return config_; }
  const Weights& weights() const { return weights_; }
  const text::Tokenizer& tokenizer() const { return tokenizer_; }
  /// What each token ends, by id: for caches that cut texts into blocks. Worked out at the first call; any thread.
  std::span<const std::uint8_t> delimiters() const;
  /// tokenizer.chat_template, empty when the file has none.
  const std::string& chat_template() const { return chat_template_; }
  std::int64_t parameters() const;
  /// Bytes of weights in memory: panels, or the file's where they are read in place.
  std::int64_t weight_bytes() const;
  /// The format most weight bytes are in.
  quant::Format main_format() const;

 private:
  Model(io::Gguf file, Config config, Panels panels, Weights weights, text::Tokenizer tokenizer,
        std::string chat_template)
      : file_(std::move(file)),
        config_(std::move(config)),
        panels_(std::move(panels)),
        weights_(std::move(weights)),
        tokenizer_(std::move(tokenizer)),
        chat_template_(std::move(chat_template)) {}

  io::Gguf file_;
  Config config_;
  Panels panels_;  ///< what weights_ refers to, beside the file
  Weights weights_;
  text::Tokenizer tokenizer_;
  mutable std::once_flag delimiters_found_;
  mutable std::vector<std::uint8_t> delimiters_;
  std::string chat_template_;
};

}  // namespace brim::model
