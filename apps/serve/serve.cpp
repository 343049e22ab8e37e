// `brim serve`: see README.md.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/generation/generation_options.hpp"
#include "apps/model_options/load.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/serve/endpoints.hpp"
#include "apps/serve/guard.hpp"
#include "apps/serve/memory_plan.hpp"
#include "apps/serve/model_names.hpp"
#include "apps/serve/models.hpp"
#include "apps/serve/server.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/base/number_text.hpp"
#include "engine/base/size_text.hpp"

namespace brim::apps {
namespace {

using serve::ModelNeeds;
using serve::Models;
using serve::NamedFile;
using serve::ServedModel;
using serve::ServerSettings;

struct ServeOptions : GenerationOptions {
  TemplateOptions chat_template;
  std::vector<std::string> models;
  std::string memory;  ///< "": no limit
  std::string listen = "127.0.0.1:11711", key_file, log_requests = "none", when_full = "evict", park_folder;
  std::vector<std::string> hosts, origins;
  std::int32_t seats = 4, queue = 64, prefill_chunk = 64, request_seconds = 600;
  std::int64_t body_limit = std::int64_t{4} << 20, park_bytes = std::int64_t{1} << 30;
  bool metrics = false, no_page = false;
};

ServerSettings settings_of(const ServeOptions& options) {
  ServerSettings settings;
  settings.listen = serve::parse_address(options.listen);
  if (!options.key_file.empty()) {
    settings.keys = serve::key_digests(read_file(options.key_file));
    if (settings.keys.empty()) throw Failure(2, "--api-key-file: the file has no key; expected one per line");
  }
  if (settings.keys.empty() && !serve::is_loopback(settings.listen)) {
    throw Failure(2, fmt::format("--listen {}: other machines can reach this address, so it needs --api-key-file FILE",
                                 options.listen));
  }
  for (const std::string& host : options.hosts) settings.allowed_hosts.push_back(serve::allowed_host(host));
  for (const std::string& origin : options.origins) settings.allowed_origins.push_back(serve::allowed_origin(origin));
  settings.body_limit = static_cast<std::size_t>(options.body_limit);
  settings.metrics = options.metrics;
  settings.page = !options.no_page;
  settings.log_requests = options.log_requests == "meta";
  return settings;
}

ServedModel served_model(const ServeOptions& options, const Model& model, const std::string& name) {
  ServedModel served;
  served.id = name;
  const auto context = parse_integer<std::int64_t>(options.given.value("context"));
  served.context = context ? *context : model.info().context;
  served.created =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  served.request_seconds = options.request_seconds;
  served.metrics = options.metrics;
  served.refuse_when_full = options.when_full == "refuse";
  served.seed = parse_integer<std::uint64_t>(options.given.value("seed"));
  served.defaults = options.given.of({api::OptionScope::session}).all();
  return served;
}

/// Where the conversations of a model are parked; "": nowhere. Of several models each has a folder of its own below.
std::string park_folder_of(const ServeOptions& options, std::string name) {
  if (options.park_folder.empty()) return {};
  std::string path = std::filesystem::absolute(options.park_folder).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (options.models.size() == 1) return path;
  std::replace(name.begin(), name.end(), '/', '+');  // which no name has
  return path + "/model-" + name;
}

/// `given`: the options of the engine, with the model's budget.
Scheduler create_scheduler(const ServeOptions& options, const GivenOptions& given, const Model& model,
                           const std::string& name) {
  Options settings = creation_options(given, options.chat_template);
  add_session_options(settings, with_typed_texts(options.given, true), chosen_seed(options.given));
  const std::int32_t queue = options.queue == 0 ? -1 : options.queue;  // none may wait
  return Scheduler(model, settings,
                   {.seats = options.seats,
                    .queue = queue,
                    .prefill_chunk = options.prefill_chunk,
                    .max_gap_ms = 0,
                    .refuse_when_full = options.when_full == "refuse",
                    .park_folder = park_folder_of(options, name),
                    .park_bytes = options.park_bytes / static_cast<std::int64_t>(options.models.size())});
}

/// What a model takes with these options, by the library's plan; nothing is loaded.
ModelNeeds needs_of(const ServeOptions& options, const NamedFile& file) {
  Options loading;
  const GivenOptions of_model = options.given.of({api::OptionScope::model});
  for (const auto& [key, value] : of_model.all()) loading.set(key, value);
  const brim_plan planned = plan(file.path, loading, creation_options(options.given, options.chat_template));
  const std::string& budget = options.given.value("kv.budget");
  ModelNeeds needs;
  needs.id = file.name;
  needs.seats = options.seats;
  needs.weight_bytes = planned.weight_bytes + planned.thread_bytes;
  needs.scratch_bytes = planned.scratch_bytes;
  needs.kv_min_bytes = planned.kv_min_bytes;
  needs.automatic = budget.empty() || budget == "auto";
  needs.kv_bytes = planned.kv_budget_bytes;
  if (!needs.automatic) return needs;
  // As the scheduler would: what one session may take is divided between the seats.
  std::int64_t shared = planned.available_bytes / 4;
  const Result<std::size_t> pool = parse_size(options.given.value("kv.pool"));
  if (pool) shared = std::min(shared, static_cast<std::int64_t>(*pool));
  needs.kv_bytes = std::max(std::min(needs.kv_bytes, shared / needs.seats), needs.kv_min_bytes);
  return needs;
}

/// With --memory: compares the plan of everything with it, and returns the budget of a seat of each model; else none.
std::vector<std::int64_t> planned_budgets(const ServeOptions& options, const ServerSettings& settings,
                                          const std::vector<NamedFile>& files) {
  if (options.memory.empty()) return {};
  const Result<std::size_t> limit = parse_size(options.memory);
  if (!limit) throw Failure(2, "--memory: " + limit.error().sentence);
  std::vector<ModelNeeds> needs;
  for (const NamedFile& file : files) needs.push_back(needs_of(options, file));
  const std::int64_t http = serve::http_bytes(settings, options.seats * static_cast<std::int64_t>(files.size()));
  serve::fit_budgets(needs, http, static_cast<std::int64_t>(*limit));
  const serve::MemoryPlan planned = serve::memory_plan(needs, http);
  serve::check_memory(planned, static_cast<std::int64_t>(*limit));
  say_quietly(fmt::format("at most {} of {} will be taken", bytes_text(planned.total()), options.memory));
  std::vector<std::int64_t> budgets;
  for (const ModelNeeds& model : needs) budgets.push_back(model.automatic ? model.kv_bytes : 0);
  return budgets;
}

/// The options of the engine, with this budget for a seat; 0: with the one that was given.
GivenOptions with_budget(const GivenOptions& given, std::int64_t bytes) {
  GivenOptions changed = given;
  if (bytes == 0) return changed;
  std::erase_if(changed.all(), [](const auto& option) { return option.first == "kv.budget"; });
  changed.add("kv.budget", fmt::format("{}", bytes));
  return changed;
}

void load_models(const ServeOptions& options, const std::vector<NamedFile>& files,
                 const std::vector<std::int64_t>& budgets, Models& models) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const GivenOptions given = with_budget(options.given, budgets.empty() ? 0 : budgets[i]);
    Model model = load_model({files[i].path, options.model.verbose}, given);
    Scheduler scheduler = create_scheduler(options, given, model, files[i].name);
    ServedModel served = served_model(options, model, files[i].name);
    served.names = serve::names_of(files);
    models.add(std::move(model), std::move(scheduler), std::move(served));
  }
}

void say_what_is_served(const serve::Address& address, const std::string& name, const brim_scheduler_stats& stats,
                        bool page) {
  const std::string scratch = bytes_text(stats.scratch_bytes);
  say(fmt::format("{} at {}{}", name, serve::url_of(address), address.path.empty() ? "/v1" : ""));
  if (page && address.path.empty()) say_quietly(fmt::format("its page at {}/", serve::url_of(address)));
  say_quietly(fmt::format("{} {} with {} of KV memory each, and {} for computing; Ctrl-C ends the server", stats.seats,
                          stats.seats == 1 ? "seat" : "seats", bytes_text(stats.kv_budget_bytes), scratch));
}

void serve_model(const ServeOptions& options) {
  serve::check_server_is_built();
  refuse_idle_options(options.given);
  const ServerSettings settings = settings_of(options);
  const std::vector<NamedFile> files = serve::named_files(options.models);
  serve::check_address(settings.listen);
  const std::vector<std::int64_t> budgets = planned_budgets(options, settings, files);
  catch_interrupts();
  Models models;
  load_models(options, files, budgets, models);
  const InterruptScope scope;  // a second Ctrl-C ends the program at once
  serve::serve_until_stopped(settings, models, [&](const serve::Address& address) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      say_what_is_served(address, files[i].name, models.stats(i), settings.page && i == 0);
    }
  });
  throw Stopped();
}

void add_connection_options(CLI::App& command, ServeOptions& options) {
  const char* group = "Connections";
  command
      .add_option("--listen", options.listen,
                  "The address and port to listen on; port 0: any free one; or unix:PATH, a socket in the file system. "
                  "An address that other machines reach needs --api-key-file")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--api-key-file", options.key_file,
                  "A file with API keys, one per line: requests need one of them, and text is used again only for the "
                  "same key")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--allow-host", options.hosts,
                  "Another name under which clients reach this server, such as a proxy's (repeatable)")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--allow-origin", options.origins,
                  "An origin whose pages may send requests, https://example.org (repeatable; default: none)")
      ->type_name("ORIGIN")
      ->group(group);
  command.add_option("--body-limit", options.body_limit, "Max size of a request's body, in bytes")
      ->type_name("BYTES")
      ->transform(whole_number(1024, std::int64_t{256} << 20))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--request-timeout", options.request_seconds,
                  "Max time in seconds from a request's place in the queue to the end of its answer")
      ->type_name("SECONDS")
      ->transform(whole_number(1, 86400))
      ->capture_default_str()
      ->group(group);
  command.add_flag("--metrics", options.metrics, "Serve counters for Prometheus at /metrics")->group(group);
  command.add_flag("--no-page", options.no_page, "Do not serve the web page at /")->group(group);
  command
      .add_option("--log-requests", options.log_requests,
                  "What is written about requests: none, or meta, a line with the path, the status and the time; never "
                  "any text")
      ->type_name("WHAT")
      ->check(one_of({"none", "meta"}))
      ->capture_default_str()
      ->group(group);
}

void add_seat_options(CLI::App& command, ServeOptions& options) {
  const char* group = "Seats";
  command
      .add_option("--seats", options.seats,
                  "Number of requests that are worked on at a time; each has the budget of --kv-budget")
      ->type_name("N")
      ->transform(whole_number(1, 256))
      ->capture_default_str()
      ->group(group);
  command.add_option("--queue", options.queue, "Number of requests that may wait for a seat; others are refused")
      ->type_name("N")
      ->transform(whole_number(0, 65536))
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--prefill-chunk", options.prefill_chunk,
          "Where the budget holds less than the context: max number of tokens of a prompt that a pass processes")
      ->type_name("TOKENS")
      ->transform(whole_number(32, 512))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--when-full", options.when_full,
                  "What happens to a text that outgrows its seat: evict its older entries, as the KV options say, or "
                  "refuse a request whose prompt and limit do not fit")
      ->type_name("WHAT")
      ->check(one_of({"evict", "refuse"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--park-dir", options.park_folder,
                  "A folder for conversations that lose their seat, also when the server ends; one server at a time "
                  "(default: they are lost)")
      ->type_name("DIR")
      ->group(group);
  command.add_option("--park-bytes", options.park_bytes, "Max size of all files in that folder, in bytes")
      ->type_name("BYTES")
      ->transform(whole_number(1, std::int64_t{1} << 50))
      ->capture_default_str()
      ->group(group);
}

void add_served_options(CLI::App& command, ServeOptions& options) {
  command
      .add_option("-m,--model", options.models,
                  "A model: a GGUF file (of a split one, the first), or NAME=FILE to serve it under another name "
                  "(repeatable; requests that name none are for the first)")
      ->type_name("FILE")
      ->expected(1, 1 << 20)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->required()
      ->group("Model");
  add_loading_options(command, options.model, options.given);
  command
      .add_option("--memory", options.memory,
                  "Max size of everything together: weights, seats, connections and requests, by their plan; what does "
                  "not fit is refused at the start, and automatic KV budgets become smaller (default: no limit)")
      ->type_name("SIZE")
      ->group("Seats");
  command
      .add_option_function<std::string>(
          "--kv-pool", [&options](const std::string& size) { options.given.add("kv.pool", size); },
          "Max size of the KV memory of all seats of a model together (default: no limit)")
      ->type_name("SIZE")
      ->group("Seats");
}

}  // namespace

void add_serve(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("serve", "Serve models over HTTP, as OpenAI's clients expect it");
  const auto options = std::make_shared<ServeOptions>();
  add_served_options(*command, *options);
  add_template_options(*command, options->chat_template);
  add_connection_options(*command, *options);
  add_seat_options(*command, *options);
  add_session_groups(*command, *options);
  command->footer(
      "\nExamples:\n"
      "  brim serve model.gguf\n"
      "  brim serve model.gguf --seats 8 --kv-budget 64MiB\n"
      "  curl -d @request.json http://127.0.0.1:11711/v1/chat/completions");
  command->callback([options] { run_command([&] { serve_model(*options); }); });
}

}  // namespace brim::apps
