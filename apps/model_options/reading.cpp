// See reading.hpp.
#include "apps/model_options/reading.hpp"

#include <string>
#include <utility>
#include <vector>

#include "apps/commands.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/progress_line.hpp"
#include "engine/api/options.hpp"
#include "kernels/threads.hpp"

namespace brim::apps {

generate::ReaderOptions reader_options(const MemoryOptions& memory, std::optional<int> threads,
                                       const kv::Policies& policies) {
  api::OptionList list;
  if (memory.context) list.emplace_back("context", std::to_string(*memory.context));
  const std::pair<const char*, const std::string&> texts[] = {{"kv.budget", memory.budget},
                                                              {"kv.type", memory.type},
                                                              {"kv.profile", memory.profile},
                                                              {"kv.read", memory.read},
                                                              {"kv.heads", memory.heads}};
  for (const auto& [key, value] : texts) {
    if (!value.empty()) list.emplace_back(key, value);
  }
  generate::ReaderOptions reader = unwrap(api::session_options(list)).reader;
  if (!memory.split.empty()) reader.split = unwrap(kv::split_named(memory.split, policies));
  if (!memory.keep.empty()) reader.keep = unwrap(kv::rule_named(memory.keep, policies));
  reader.threads = threads.value_or(kernels::default_threads());
  return reader;
}

std::shared_ptr<const model::Model> load_engine_model(const ModelOptions& options) {
  ProgressLine line("Loading", ProgressLine::Unit::bytes, std::chrono::seconds(2));
  const api::ModelOptions settings = unwrap(api::model_options({{"weights", options.weights}}));
  std::vector<std::string> warnings;
  const model::LoadOptions how{settings.memory, options.threads.value_or(kernels::default_threads()),
                               [&](LogLevel level, std::string_view text) {
                                 if (level == LogLevel::warning) warnings.emplace_back(text);
                               }};
  auto model = unwrap(model::Model::load(options.path, how, [&](long long done, long long total) {
    line.update(done, total);
    return !interrupted();
  }));
  line.clear();
  for (const std::string& warning : warnings) say_notice("Warning: " + warning);
  return model;
}

}  // namespace brim::apps
