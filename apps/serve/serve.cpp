// `brim serve`: see README.md.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <filesystem>
#include <memory>

#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/generation/generation_options.hpp"
#include "apps/model_options/load.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/serve/endpoints.hpp"
#include "apps/serve/guard.hpp"
#include "apps/serve/server.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/base/number_text.hpp"

namespace brim::apps {
namespace {

using serve::Answers;
using serve::Endpoints;
using serve::ServedModel;
using serve::ServerSettings;

struct ServeOptions : GenerationOptions {
  TemplateOptions chat_template;
  std::string listen = "127.0.0.1:11711", key_file, log_requests = "none", when_full = "evict", park_folder;
  std::vector<std::string> hosts, origins;
  std::int32_t seats = 4, queue = 64, prefill_chunk = 64, request_seconds = 600;
  std::int64_t body_limit = std::int64_t{4} << 20, park_bytes = std::int64_t{1} << 30;
  bool metrics = false;
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
  settings.log_requests = options.log_requests == "meta";
  return settings;
}

ServedModel served_model(const ServeOptions& options, const Model& model) {
  ServedModel served;
  served.id = std::filesystem::path(options.model.path).stem().string();
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

std::string absolute_folder(const std::string& folder) {
  std::string path = std::filesystem::absolute(folder).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Scheduler create_scheduler(const ServeOptions& options, const Model& model) {
  Options settings = creation_options(options.given, options.chat_template);
  add_session_options(settings, with_typed_texts(options.given, true), chosen_seed(options.given));
  const std::int32_t queue = options.queue == 0 ? -1 : options.queue;  // none may wait
  return Scheduler(model, settings,
                   {.seats = options.seats,
                    .queue = queue,
                    .prefill_chunk = options.prefill_chunk,
                    .max_gap_ms = 0,
                    .refuse_when_full = options.when_full == "refuse",
                    .park_folder = options.park_folder.empty() ? std::string() : absolute_folder(options.park_folder),
                    .park_bytes = options.park_bytes});
}

void say_what_is_served(const serve::Address& address, const ServedModel& served, const brim_scheduler_stats& stats) {
  const std::string scratch = bytes_text(stats.scratch_bytes);
  say(fmt::format("{} at {}/v1", served.id, serve::url_of(address)));
  say_quietly(fmt::format("{} {} with {} of KV memory each, and {} for computing; Ctrl-C ends the server", stats.seats,
                          stats.seats == 1 ? "seat" : "seats", bytes_text(stats.kv_budget_bytes), scratch));
}

void serve_model(const ServeOptions& options) {
  serve::check_server_is_built();
  refuse_idle_options(options.given);
  const ServerSettings settings = settings_of(options);
  catch_interrupts();
  const Model model = load_model(options.model, options.given);
  Answers answers(create_scheduler(options, model));
  const ServedModel served = served_model(options, model);
  const Endpoints endpoints(model, answers, served);
  const InterruptScope scope;  // a second Ctrl-C ends the program at once
  serve::serve_until_stopped(settings, endpoints, answers, [&](const serve::Address& address) {
    say_what_is_served(address, served, answers.stats());
  });
  throw Stopped();
}

void add_connection_options(CLI::App& command, ServeOptions& options) {
  const char* group = "Connections";
  command
      .add_option("--listen", options.listen,
                  "The address and port to listen on; port 0: any free one. An address that other machines reach needs "
                  "--api-key-file")
      ->type_name("HOST:PORT")
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
                  "refuse a request whose "
                  "prompt and limit do not fit")
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

}  // namespace

void add_serve(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("serve", "Serve a model over HTTP, as OpenAI's clients expect it");
  const auto options = std::make_shared<ServeOptions>();
  add_model_options(*command, options->model, options->given);
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
