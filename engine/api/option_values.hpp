// How the value of an option is parsed: one function per type of options.def, and one for each option with its own
// form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/number_text.hpp"
#include "engine/base/result.hpp"
#include "engine/base/sentence.hpp"
#include "engine/kv/budget.hpp"
#include "engine/kv/policies.hpp"
#include "engine/kv/reading.hpp"
#include "kernels/kv_type.hpp"

namespace brim::api {

// Each parses `value` into `out`; where it cannot, `out` is not changed. Errors: invalid_argument with the key, what
// was expected and the value as it was written.

/// "option KEY: expected EXPECTED, found 'VALUE'"
Error bad_value(std::string_view key, const std::string& value, std::string_view expected);

template <class Integer>
Status set_integer(std::string_view key, const std::string& value, std::type_identity_t<Integer> minimum,
                   std::type_identity_t<Integer> maximum, Integer& out) {
  const std::optional<Integer> parsed = parse_integer<Integer>(value);
  if (!parsed || *parsed < minimum || *parsed > maximum) {
    return bad_value(key, value, sentence("a whole number from ", minimum, " to ", maximum));
  }
  out = *parsed;
  return {};
}
/// Any finite number: the code that uses it checks the range.
Status set_number(std::string_view key, const std::string& value, double& out);
/// 1, true, on, yes; 0, false, off, no.
Status set_flag(std::string_view key, const std::string& value, bool& out);
/// The index of the value in "first|second|…", from 0. Errors as above.
Result<int> choice_of(std::string_view key, const std::string& value, std::string_view words);
template <class Choice>
Status set_choice(std::string_view key, const std::string& value, std::string_view words, Choice& out) {
  BRIM_ASSIGN(const int index, choice_of(key, value, words));
  out = static_cast<Choice>(index);
  return {};
}
/// Bytes, from 1 to `maximum`.
Status set_size(std::string_view key, const std::string& value, std::int64_t maximum, std::string_view expected,
                std::int64_t& out);
/// With an empty `expected` the text may be empty.
Status set_text(std::string_view key, const std::string& value, std::string_view expected, std::string& out);
/// Of an option that may be given several times; what is set can always be saved and restored.
constexpr std::int64_t kMaxValues = std::int64_t{1} << 20;
/// Refuses one more value where there are `count`.
Status check_count(std::string_view key, std::size_t count);
Status add_text(std::string_view key, const std::string& value, std::string_view expected,
                std::vector<std::string>& out);

Status parse_kv_budget(std::string_view key, const std::string& value, kv::BudgetRequest& out);
Status parse_kv_type(std::string_view key, const std::string& value, kernels::KvTypes& out);
Status parse_kv_split(std::string_view key, const std::string& value, const kv::Split*& out);  ///< null: auto
Status parse_kv_keep(std::string_view key, const std::string& value, const kv::Rule*& out);
Status parse_kv_read(std::string_view key, const std::string& value, kv::Reading& out);
/// "15043+2.5", "15043-inf", "15043-1": one more bias.
Status parse_logit_bias(std::string_view key, const std::string& value,
                        std::vector<std::pair<std::int32_t, float>>& out);

}  // namespace brim::api
