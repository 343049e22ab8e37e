// Top-k (Fan et al. 2018): keeps the k most likely tokens.
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class TopK final : public Filter {
 public:
  explicit TopK(int k) : k_(static_cast<std::size_t>(k)) {}

  void apply(Candidates& candidates, Random&) noexcept override {
    if (k_ >= candidates.size()) return;
    candidates.sort_first(k_);
    candidates.keep_first(k_);
  }

 private:
  std::size_t k_;
};

}  // namespace

std::unique_ptr<Filter> make_top_k(const SamplingOptions& options, std::int64_t) {
  if (options.top_k <= 0) return nullptr;
  return std::make_unique<TopK>(options.top_k);
}

}  // namespace brim::generate
