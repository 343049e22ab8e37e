// See load.hpp.
#include "apps/model_options/load.hpp"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/progress_line.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps {
namespace {

// Prints the engine's log while a file is loaded, once the progress line is gone: warnings always, the rest with -v.
// Later it prints warnings about what a session cannot use; the rest is about sessions, which commands report in their
// own words.
class Remarks {
 public:
  void add(bool warning, std::string_view line) {
    if (open_.load()) {
      (warning ? warnings_ : others_).emplace_back(line);
    } else if (warning) {
      say_notice("Warning: " + std::string(line));
    }
  }
  void say_all(bool verbose) {
    open_.store(false);
    for (const std::string& line : warnings_) say_notice("Warning: " + line);
    if (!verbose) return;
    for (const std::string& line : others_) say_quietly(line);
  }

 private:
  std::atomic<bool> open_{true};
  std::vector<std::string> warnings_, others_;
};

void set_all(const GivenOptions& given, Options& options) {
  for (const auto& [key, value] : given.all()) options.set(key, value);
}

}  // namespace

Model load_model(const ModelOptions& options, const GivenOptions& given) {
  Options settings;
  set_all(given.of({api::OptionScope::model}), settings);
  const InterruptScope scope;
  ProgressLine line("Loading", ProgressLine::Unit::bytes, std::chrono::seconds(2));
  const auto remarks = std::make_shared<Remarks>();
  const auto progress = [&line](std::int64_t done, std::int64_t total) { return line.advance(done, total); };
  Model model = Model::load(options.path, settings, progress, [remarks](brim_log_level level, std::string_view text) {
    remarks->add(level == BRIM_LOG_WARNING, text);
  });
  line.clear();
  remarks->say_all(options.verbose);
  if (interrupted()) throw Stopped();
  return model;
}

Options creation_options(const GivenOptions& given, const TemplateOptions& chat_template) {
  Options options;
  set_all(given.of({api::OptionScope::creation}), options);
  if (const std::string text = template_text(chat_template); !text.empty()) options.set("chat.template", text);
  return options;
}

void add_session_options(Options& options, const GivenOptions& given, std::uint64_t seed) {
  GivenOptions others = given.of({api::OptionScope::session});
  std::erase_if(others.all(), [](const auto& option) { return option.first == "seed"; });  // it may be -1
  set_all(others, options);
  options.set("seed", fmt::format("{}", seed));
}

void run_command(const std::function<void()>& command) {
  try {
    command();
  } catch (const Exception& failure) {
    switch (failure.status()) {
      case BRIM_CANCELLED:
        throw Stopped();
      case BRIM_INVALID_ARGUMENT:
      case BRIM_BAD_FILE:
      case BRIM_UNSUPPORTED:
      case BRIM_IO:
        throw Failure(2, failure.what());
      default:
        throw Failure(1, failure.what());
    }
  }
}

void say_what_is_loaded(const Model& model, Session& session) {
  const brim_model_info info = model.info();
  say_list_quietly({info.name,
                    fmt::format("{}, {} parameters, {}, {}", info.architecture, count_text(info.parameters),
                                info.quantisation, bytes_text(info.weight_bytes)),
                    fmt::format("{} {}, {}", info.threads, info.threads == 1 ? "thread" : "threads", brim_isa())});
  say_quietly(session.describe());
}

}  // namespace brim::apps
