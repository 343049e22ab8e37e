// See kv_checks.hpp.
#include "apps/model_options/kv_checks.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "apps/command_line/suggestion.hpp"
#include "apps/command_line/values.hpp"
#include "engine/base/quote.hpp"
#include "kernels/kv_type.hpp"

namespace brim::apps {

CLI::Validator kv_type_check() {
  const auto check = [](const std::string& text) {
    if (kernels::parse_kv_types(text)) return std::string();
    std::vector<std::string> names;
    for (int type = 0; type < kernels::kKvTypeCount; ++type)
      names.emplace_back(kv_type_name(static_cast<kernels::KvType>(type)));
    const std::string suggestion = did_you_mean(text, names);
    return fmt::format("expected {}, found {}{}", kernels::kKvTypesForm, quoted(text),
                       suggestion.empty() ? "" : "." + suggestion);
  };
  return CLI::Validator(check, "");
}

namespace {

/// Accepts one of these names; `remark` gives the known facts about any other name.
CLI::Validator policy_check(const std::vector<std::string_view>& known,
                            std::string_view (*remark)(std::string_view) noexcept) {
  const std::vector<std::string> names(known.begin(), known.end());
  const auto check = [names, remark, other = one_of(names)](std::string& text) {
    const std::string_view about = remark(text);
    if (about.empty() || std::find(names.begin(), names.end(), text) != names.end()) return other(text);
    return fmt::format("expected {}, found {}{}", or_list(names), quoted(text), about);
  };
  return CLI::Validator(check, "");
}

}  // namespace

CLI::Validator kv_split_check(const kv::Policies& policies) {
  return policy_check(policies.split_names(), kv::split_remark);
}

CLI::Validator kv_keep_check(const kv::Policies& policies) {
  return policy_check(policies.rule_names(), kv::rule_remark);
}

}  // namespace brim::apps
