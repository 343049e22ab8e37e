// See option_values.hpp.
#include "engine/api/option_values.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/quote.hpp"
#include "engine/base/size_text.hpp"
#include "engine/generate/sampler.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/scorer.hpp"

namespace brim::api {
namespace {

std::string or_list(std::string_view words) {
  std::string text;
  while (!words.empty()) {
    const std::size_t size = words.find('|');
    const bool last = size == std::string_view::npos;
    if (!text.empty()) text += last ? " or " : ", ";
    text += words.substr(0, size);
    words.remove_prefix(last ? words.size() : size + 1);
  }
  return text;
}

}  // namespace

Error bad_value(std::string_view key, const std::string& value, std::string_view expected) {
  return error(ErrorCode::invalid_argument, "option ", key, ": expected ", expected, ", found ", quoted(value));
}

Status set_number(std::string_view key, const std::string& value, double& out) {
  const std::optional<double> parsed = parse_number(value);
  if (!parsed) return bad_value(key, value, "a number");
  out = *parsed;
  return {};
}

Status set_flag(std::string_view key, const std::string& value, bool& out) {
  if (value == "1" || value == "true" || value == "on" || value == "yes") return out = true, Status();
  if (value == "0" || value == "false" || value == "off" || value == "no") return out = false, Status();
  return bad_value(key, value, "1 or 0");
}

Result<int> choice_of(std::string_view key, const std::string& value, std::string_view words) {
  std::string_view rest = words;
  for (int index = 0; !rest.empty(); ++index) {
    const std::string_view word = rest.substr(0, rest.find('|'));
    if (word == value) return index;
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  return bad_value(key, value, or_list(words));
}

Status set_size(std::string_view key, const std::string& value, std::int64_t maximum, std::string_view expected,
                std::int64_t& out) {
  const Result<std::size_t> size = parse_size(value);
  if (!size) return error(ErrorCode::invalid_argument, "option ", key, ": ", size.error().sentence);
  if (*size == 0 || *size > static_cast<std::size_t>(maximum)) return bad_value(key, value, expected);
  out = static_cast<std::int64_t>(*size);
  return {};
}

Status set_text(std::string_view key, const std::string& value, std::string_view expected, std::string& out) {
  if (value.empty() && !expected.empty()) return bad_value(key, value, expected);
  out = value;
  return {};
}

Status check_count(std::string_view key, std::size_t count) {
  if (count < static_cast<std::size_t>(kMaxValues)) return {};
  return error(ErrorCode::invalid_argument, "option ", key, ": expected at most ", kMaxValues,
               " values, found another");
}

Status add_text(std::string_view key, const std::string& value, std::string_view expected,
                std::vector<std::string>& out) {
  BRIM_TRY(check_count(key, out.size()));
  std::string text;
  BRIM_TRY(set_text(key, value, expected, text));
  out.push_back(std::move(text));
  return {};
}

Status parse_kv_budget(std::string_view, const std::string& value, kv::BudgetRequest& out) {
  BRIM_ASSIGN(out, kv::parse_budget(value));
  return {};
}

Status parse_kv_type(std::string_view key, const std::string& value, kernels::KvTypes& out) {
  const auto types = kernels::parse_kv_types(value);
  if (!types) return bad_value(key, value, kernels::kKvTypesForm);
  out = *types;
  return {};
}

namespace {
Error of_key(std::string_view key, const Error& wrong) {
  return error(wrong.code, "option ", key, ": ", wrong.sentence);
}
}  // namespace

Status parse_kv_split(std::string_view key, const std::string& value, const kv::Split*& out) {
  const Result<const kv::Split*> split = kv::split_named(value, kv::product_policies());
  if (!split) return of_key(key, split.error());
  out = *split;
  return {};
}

Status parse_kv_keep(std::string_view key, const std::string& value, const kv::Rule*& out) {
  const Result<const kv::Rule*> rule = kv::rule_named(value, kv::product_policies());
  if (!rule) return of_key(key, rule.error());
  out = *rule;
  return {};
}

Status parse_kv_read(std::string_view, const std::string& value, kv::Reading& out) {
  BRIM_ASSIGN(out, kv::parse_reading(value));
  return {};
}

Status parse_logit_bias(std::string_view key, const std::string& value,
                        std::vector<std::pair<std::int32_t, float>>& out) {
  BRIM_TRY(check_count(key, out.size()));
  constexpr double kMaxBias = 1e30;  // far beyond any logit, and a float can hold it
  const auto refuse = [&] {
    return bad_value(key, value, "ID+BIAS, ID-BIAS or ID-inf with a token id and a bias of at most 1e30");
  };
  const std::size_t sign = value.find_first_of("+-");
  if (sign == std::string::npos) return refuse();
  const std::optional<std::int32_t> id = parse_integer<std::int32_t>(value.substr(0, sign));
  const std::string amount = value.substr(sign + 1);
  if (!id || amount.starts_with('-')) return refuse();
  std::optional<double> size = parse_number(amount);
  if (size && *size > kMaxBias) return refuse();
  if (amount == "inf" && value[sign] == '-') size = std::numeric_limits<double>::infinity();
  if (!size) return refuse();
  const auto bias = static_cast<float>(value[sign] == '-' ? -*size : *size);
  BRIM_TRY(generate::check_bias(*id, bias));
  out.emplace_back(*id, bias);
  return {};
}

}  // namespace brim::api
