// Tokens that the model's file bans from all answers (tokenizer.ggml.suppress_tokens): minus infinity, before anything
// else.
#include <limits>

#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class Suppressed final : public Adjuster {
 public:
  explicit Suppressed(const SamplingOptions& options) : tokens_(options.suppressed) {}

  void apply(std::span<float> logits, std::span<const TokenId>, std::span<std::byte>) noexcept override {
    for (const TokenId id : tokens_) logits[static_cast<std::size_t>(id)] = -std::numeric_limits<float>::infinity();
  }

 private:
  std::vector<TokenId> tokens_;  // ids in range: Sampler::create saw to it
};

}  // namespace

std::unique_ptr<Adjuster> make_suppressed(const SamplingOptions& options, std::int64_t) {
  if (options.suppressed.empty()) return nullptr;
  return std::make_unique<Suppressed>(options);
}

}  // namespace brim::generate
