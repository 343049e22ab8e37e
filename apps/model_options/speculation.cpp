// See speculation.hpp.
#include "apps/model_options/speculation.hpp"

#include <fmt/format.h>

#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/number_checks.hpp"

namespace brim::apps {

void add_speculation_options(CLI::App& command, SpeculationChoices& options) {
  const char* group = "Speculation";
  command
      .add_option("--spec-type", options.type,
                  "Guess tokens ahead and verify several in one pass; the text stays the same. ngram (default): from "
                  "what followed earlier in the text, where that has been right; none: off")
      ->type_name("TYPE")
      ->check(one_of({"none", "ngram"}))
      ->group(group);
  command.add_option("--draft-max", options.draft_max, "Most tokens guessed at once (default: 15)")
      ->type_name("N")
      ->transform(whole_number(1, 15))
      ->group(group);
}

void set_speculation(const SpeculationChoices& choices, Options& options) {
  if (choices.type == "none" && choices.draft_max) throw Failure(2, "--draft-max does nothing with --spec-type none");
  if (!choices.type.empty()) options.set("spec.type", choices.type);
  if (choices.draft_max) options.set("spec.draft_max", fmt::format("{}", *choices.draft_max));
}

}  // namespace brim::apps
