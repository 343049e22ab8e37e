// Attention times the norm of the value that it reads (VATP, arXiv 2406.12335): a heavily attended entry whose value is
// almost zero — a sink — adds little to the output. Any rule that scores by attention, multiplied by ‖v‖₁.
#include "engine/kv/policies.hpp"

namespace brim::research {

const kv::Rule& h2o_rule();

namespace {

class ValueWeightedRule : public kv::Rule {
 public:
  ValueWeightedRule(std::string_view name, const kv::Rule& attention) : name_(name), attention_(attention) {}
  std::string_view name() const override { return name_; }

  kv::Needs needs() const override {
    kv::Needs needs = attention_.needs();
    needs.measure = kv::EntryMeasure::value_norm;
    return needs;
  }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    attention_.score(entries, scores);
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] *= entries.measure[i];
  }

 private:
  std::string_view name_;
  const kv::Rule& attention_;
};

}  // namespace

const kv::Rule& h2o_value_rule() {
  static const ValueWeightedRule instance("h2o-value", h2o_rule());
  return instance;
}

const kv::Rule& snapkv_value_rule() {
  static const ValueWeightedRule instance("snapkv-value", kv::snapkv_rule());
  return instance;
}

}  // namespace brim::research
