// Logit bias: what the user adds to single tokens' logits; −infinity bans a token.
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class LogitBias final : public Adjuster {
 public:
  explicit LogitBias(const SamplingOptions& options) : bias_(options.logit_bias) {}

  void apply(std::span<float> logits, std::span<const TokenId>, std::span<std::byte>) noexcept override {
    for (const auto& [id, bias] : bias_) logits[static_cast<std::size_t>(id)] += bias;
  }

 private:
  std::vector<std::pair<TokenId, float>> bias_;  // ids in range: Sampler::create saw to it
};

}  // namespace

std::unique_ptr<Adjuster> make_logit_bias(const SamplingOptions& options, std::int64_t) {
  if (options.logit_bias.empty()) return nullptr;
  return std::make_unique<LogitBias>(options);
}

}  // namespace brim::generate
