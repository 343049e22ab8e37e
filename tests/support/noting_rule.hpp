// A rule that notes what it is shown of entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "engine/kv/policies.hpp"

namespace brim::test {

/// Decides as `rule` does, and notes the measure of every entry that it is shown, by the entry's index, in any stream.
/// One sequence at a time.
class NotingRule : public kv::Rule {
 public:
  explicit NotingRule(const kv::Rule& rule) : rule_(rule) {}
  std::string_view name() const override { return rule_.name(); }
  kv::Needs needs() const override { return rule_.needs(); }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    rule_.score(entries, scores);
    for (std::size_t i = 0; i < entries.index.size(); ++i) {
      const auto [place, is_new] = noted.try_emplace(entries.index[i], entries.measure[i]);
      changed = changed || (!is_new && place->second != entries.measure[i]);
      place->second = entries.measure[i];
    }
  }
  mutable std::map<std::int64_t, float> noted;  ///< the latest ones
  mutable bool changed = false;                 ///< whether an entry was shown with two different measures

 private:
  const kv::Rule& rule_;
};

}  // namespace brim::test
