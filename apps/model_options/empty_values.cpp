// See empty_values.hpp.
#include "apps/model_options/empty_values.hpp"

#include <string>

namespace brim::apps {

void refuse_empty_values(CLI::App& app) {
  const auto refuse = [](const std::string& value) {
    return value.empty() ? std::string("expected a value, found ''") : std::string();
  };
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      const bool is_flag = option->get_expected_max() == 0;
      if (is_flag || option->check_lname("prompt") || option->check_lname("system")) continue;
      option->check(CLI::Validator(refuse, ""));
    }
  }
}

}  // namespace brim::apps
