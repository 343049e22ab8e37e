// See model.hpp.
#include "engine/model/model.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

#include "engine/model/delimiters.hpp"
#include "engine/model/layers/latent_attention.hpp"
#include "engine/model/remarks.hpp"
#include "engine/model/repack.hpp"
#include "engine/model/vocabulary.hpp"
#include "kernels/dispatch.hpp"
#include "platform/system_error_text.hpp"

namespace brim::model {
namespace {

// Touches one byte per page, so that the file is in memory before the first token and the user sees how far it is.
Status page_in(const io::Gguf& file, const Weights& weights, const Progress& progress) {
  constexpr std::size_t kPage = 4096, kReport = std::size_t{8} << 20;
  const long long total = weights.file_bytes();
  long long done = 0;
  std::size_t unreported = 0;
  std::byte sum{0};
  for (const io::Tensor* tensor : weights.tensors) {
    if (tensor == weights.layer_embeddings) continue;
    for (std::size_t at = 0; at < tensor->data.size(); at += kPage) {
      sum ^= tensor->data[at];
      unreported += kPage;
      if (unreported >= kReport) {
        unreported = 0;
        if (progress && !progress(done + static_cast<long long>(at), total)) {
          return error(ErrorCode::cancelled, "loading ", file.path(), " was stopped");
        }
      }
    }
    done += static_cast<long long>(tensor->data.size());
  }
  // The compiler must not drop the reads.
  static std::atomic<unsigned char> sink;
  sink.store(std::to_integer<unsigned char>(sum), std::memory_order_relaxed);
  if (progress && !progress(total, total)) return error(ErrorCode::cancelled, "loading ", file.path(), " was stopped");
  return {};
}

quant::Format main_format(const Weights& weights) {
  std::array<std::size_t, quant::kFormatCount> bytes{};
  for (const io::Tensor* tensor : weights.tensors) {
    if (tensor != weights.layer_embeddings) bytes[static_cast<std::size_t>(tensor->format)] += tensor->data.size();
  }
  return static_cast<quant::Format>(std::max_element(bytes.begin(), bytes.end()) - bytes.begin());
}

Result<ModelFile> facts_of(const io::Gguf& file, const Config& config, const Weights& weights) {
  ModelFile facts;
  facts.path = file.path();
  facts.parts = file.identities();
  BRIM_ASSIGN(facts.profiles, profile_owner(file, config.layers.size()));
  facts.carried = carried_profile(facts.profiles);
  facts.carried_scores = carried_scores(file, config, facts.profiles.fingerprint);
  facts.token_work = token_work(file, config);
  BRIM_ASSIGN(facts.sampling, read_sampling_defaults(file));
  BRIM_ASSIGN(facts.tool_template, read_tool_template(file));
  for (const io::Tensor* tensor : weights.tensors) facts.parameters += tensor->shape[0] * tensor->rows();
  facts.main_format = main_format(weights);
  return facts;
}

// The helpers exist from here on, so that nothing has to be created, and nothing can fail, once a session works.
std::unique_ptr<kernels::ThreadPool> create_threads(int wanted, const Log& log) {
  auto threads = std::make_unique<kernels::ThreadPool>(wanted);
  if (threads->threads() < wanted && log) {
    log(LogLevel::warning, sentence(wanted, " threads were requested and ", threads->threads(),
                                    threads->threads() == 1 ? " works" : " work", ": the system created no more (",
                                    system_error_text(threads->failure()), ")"));
  }
  return threads;
}

}  // namespace

Result<std::shared_ptr<const Model>> Model::load(const std::string& path, const LoadOptions& options,
                                                 const Progress& progress) {
  const char* cap = std::getenv("BRIM_ISA");
  if (const std::string complaint = kernels::check_cap(kernels::this_machine(), cap ? cap : ""); !complaint.empty()) {
    return error(ErrorCode::invalid_argument, complaint);
  }
  const auto access = options.memory == WeightMemory::own ? io::FileImage::Access::read : io::FileImage::Access::mapped;
  BRIM_ASSIGN(io::Gguf file, io::Gguf::open(path, {true, access}));
  BRIM_ASSIGN(Config config, read_config(file));
  return create(std::move(file), std::move(config), options, progress);
}

Result<std::shared_ptr<const Model>> Model::create(io::Gguf file, Config config, const LoadOptions& options,
                                                   const Progress& progress) {
  const bool read = options.memory == WeightMemory::own;
  BRIM_ASSIGN(text::Vocabulary vocabulary, read_vocabulary(file));
  config.vocabulary = static_cast<std::int64_t>(vocabulary.tokens.size());
  BRIM_ASSIGN(Weights weights, read_weights(file, config));
  BRIM_TRY(unpack_latent_keys(file, config, weights));
  BRIM_ASSIGN(text::Tokenizer tokenizer, text::Tokenizer::create(std::move(vocabulary)));
  BRIM_ASSIGN(std::string chat_template, read_chat_template(file));
  if (options.log) log_remarks(options.log, file, config, weights, tokenizer);
  const kernels::Table& table = options.table != nullptr ? *options.table : kernels::active();
  std::unique_ptr<kernels::ThreadPool> threads = create_threads(options.threads, options.log);
  Panels panels;
  if (read) {
    BRIM_ASSIGN(panels, local_panels(weights, file, {{table, *threads}, progress, options.log}));
  } else if (options.memory == WeightMemory::shared && repacking_pays(weights, table)) {
    BRIM_ASSIGN(panels, shared_panels(weights, file, {{table, *threads}, progress, options.log}));
  } else {
    BRIM_TRY(page_in(file, weights, progress));
    if (options.log) options.log(LogLevel::info, sentence("the weights are read in place in ", file.path()));
  }
  BRIM_ASSIGN(ModelFile facts,
              facts_of(file, config, weights));  // after the weights: what it samples has just been read
  BRIM_TRY(file.check_unchanged());
  RowTable layer_embeddings;
  if (weights.layer_embeddings != nullptr) {
    BRIM_ASSIGN(layer_embeddings, RowTable::open(file, *weights.layer_embeddings));
  }
  for (const std::string& notice : {facts.carried.notice, facts.carried_scores.notice}) {
    if (options.log && !notice.empty()) options.log(LogLevel::warning, notice);
  }
  std::optional<io::Gguf> mapped;
  if (!read) {
    file.expect(MappedFile::Access::repeated);
    mapped = std::move(file);
  } else {
    weights.tensors.clear();  // they belong to `file`, which ends here
    weights.skipped.clear();
    weights.layer_embeddings = nullptr;
  }
  return std::shared_ptr<const Model>(new Model(table, std::move(threads), std::move(facts), std::move(mapped),
                                                std::move(layer_embeddings), std::move(config), std::move(panels),
                                                std::move(weights), std::move(tokenizer), std::move(chat_template)));
}

std::int64_t Model::weight_bytes() const {
  return static_cast<std::int64_t>(model::weight_bytes(weights_, *table_, false, mapped_ ? Moved::panels : Moved::all));
}

std::span<const std::uint8_t> Model::delimiters() const {
  const std::lock_guard<std::mutex> lock(delimiters_mutex_);
  if (!delimiters_found_) {
    delimiters_ = find_delimiters(tokenizer_);
    delimiters_found_ = true;
  }
  return delimiters_;
}

}  // namespace brim::model
