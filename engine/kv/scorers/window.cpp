// Sinks and the most recent entries: newer scores higher (StreamingLLM, arXiv 2309.17453). The sinks are kept because
// the cache always keeps the first entries of every layer, whatever the rule. Costs nothing and needs no statistics.
#include <cstddef>

#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class WindowRule : public Rule {
 public:
  std::string_view name() const override { return "window"; }
  void score(const Entries&, std::span<float> scores) const noexcept override {
    // Entries come oldest first. Beyond 2²⁴ of them neighbours tie as floats, and ties go to the newer one.
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<float>(i);
  }
};

}  // namespace

const Rule& window_rule() {
  static const WindowRule instance;
  return instance;
}

}  // namespace brim::kv
