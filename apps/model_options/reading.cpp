// See reading.hpp.
#include "apps/model_options/reading.hpp"

#include <string>
#include <vector>

#include "apps/commands.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/progress_line.hpp"
#include "engine/api/options.hpp"
#include "engine/kv/policies.hpp"
#include "kernels/threads.hpp"

namespace brim::apps {
namespace {

using api::OptionScope;

api::ModelOptions model_options_of(const GivenOptions& given) {
  return unwrap(api::model_options(given.of({OptionScope::model}).all()));
}

int threads_of(const api::ModelOptions& options) {
  return options.threads > 0 ? options.threads : kernels::default_threads();
}

}  // namespace

run::SequenceOptions sequence_options(const GivenOptions& given, const kv::Policies& policies) {
  api::OptionList list = given.of({OptionScope::creation, OptionScope::session}).all();
  // The library knows only the product's policies by name.
  std::erase_if(list, [](const auto& option) { return option.first == "kv.split" || option.first == "kv.keep"; });
  run::SequenceOptions sequence = unwrap(api::session_options(list)).sequence;
  if (given.has("kv.split")) sequence.split = unwrap(kv::split_named(given.value("kv.split"), policies));
  if (given.has("kv.keep")) sequence.keep = unwrap(kv::rule_named(given.value("kv.keep"), policies));
  sequence.threads = threads_of(model_options_of(given));
  return sequence;
}

std::shared_ptr<const model::Model> load_engine_model(const ModelOptions& options, const GivenOptions& given) {
  ProgressLine line("Loading", ProgressLine::Unit::bytes, std::chrono::seconds(2));
  const api::ModelOptions settings = model_options_of(given);
  std::vector<std::string> warnings;
  const model::LoadOptions how{settings.memory, threads_of(settings), [&](LogLevel level, std::string_view text) {
                                 if (level == LogLevel::warning) warnings.emplace_back(text);
                               }};
  auto model = unwrap(model::Model::load(options.path, how,
                                         [&](long long done, long long total) { return line.advance(done, total); }));
  line.clear();
  for (const std::string& warning : warnings) say_notice("Warning: " + warning);
  return model;
}

}  // namespace brim::apps
