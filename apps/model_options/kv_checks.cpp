// See kv_checks.hpp.
#include "apps/model_options/kv_checks.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "apps/command_line/suggestion.hpp"
#include "apps/command_line/values.hpp"
#include "engine/base/quote.hpp"
#include "engine/kv/budget.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/scorer.hpp"
#include "kernels/kv_type.hpp"

namespace brim::apps {

CLI::Validator kv_type_check() {
  const auto check = [](const std::string& text) {
    if (kernels::parse_kv_types(text)) return std::string();
    std::vector<std::string> names;
    for (int type = 0; type < kernels::kKvTypeCount; ++type) names.emplace_back(kv_type_name(static_cast<kernels::KvType>(type)));
    const std::string suggestion = did_you_mean(text, names);
    return fmt::format("expected {}, found {}{}", kernels::kKvTypesForm, quoted(text), suggestion.empty() ? "" : "." + suggestion);
  };
  return CLI::Validator(check, "");
}

CLI::Validator kv_split_check() {
  std::vector<std::string> names = {kv::kChosenSplit};
  for (const std::string_view name : kv::all_splits()) names.emplace_back(name);
  return one_of(std::move(names));
}

CLI::Validator kv_keep_check() {
  const std::vector<std::string_view> names = kv::all_rules();
  return one_of({names.begin(), names.end()});
}

}  // namespace brim::apps
