// See generation_options.hpp.
#include "apps/generation/generation_options.hpp"

#include <fmt/format.h>

#include "apps/model_options/budget_notice.hpp"
#include "apps/model_options/load.hpp"
#include "apps/terminal/error_output.hpp"

namespace brim::apps {

void add_session_groups(CLI::App& command, GenerationOptions& options) {
  add_memory_options(command, options.given);
  add_speculation_options(command, options.given);
  add_sampling_options(command, options.given);
}

void say_beginning(const GenerationOptions& options, const Model& model, Session& session, std::uint64_t seed,
                   bool speaks) {
  say_unused_budget(options.given.value("kv.budget"), session.stats().kv_full_bytes);
  if (!speaks) return;
  say_what_is_loaded(model, session);
  if (options.model.verbose) say_quietly(fmt::format("seed {}", seed));
}

}  // namespace brim::apps
