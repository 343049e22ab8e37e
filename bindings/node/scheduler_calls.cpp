// Calls of a scheduler. scheduler.js makes one step at a time, and none while nothing is to be done.
#include <brim/scheduler.h>
#include <node_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/node/call.hpp"
#include "bindings/node/exports.hpp"
#include "bindings/node/handles.hpp"
#include "bindings/node/listener.hpp"
#include "bindings/node/work.hpp"

namespace brim_node {
namespace {

constexpr std::size_t kEvents = 32;  // room for one step: more than a pass has

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  check(env, napi_get_named_property(env, object, name, &value));
  return value;
}

bool flag_of(napi_env env, napi_value value, const char* name) {
  bool flag = false;
  if (napi_get_value_bool(env, value, &flag) != napi_ok) wrong_type(env, name, "a boolean", value);
  return flag;
}

std::int32_t number_of(napi_env env, napi_value object, const char* name, std::int64_t min) {
  return static_cast<std::int32_t>(whole_of(env, property(env, object, name), name, min, INT32_MAX));
}

// scheduler(model, options, {seats, queue, prefillChunk, maxGapMs, refuseWhenFull}, progress) → promise of a scheduler
napi_value scheduler(const Call& call) {
  const napi_value given = call.value(2);
  const brim_scheduler_settings settings{
      sizeof settings,
      number_of(call.env, given, "seats", 0),
      number_of(call.env, given, "queue", -1),
      number_of(call.env, given, "prefillChunk", 0),
      number_of(call.env, given, "maxGapMs", 0),
      flag_of(call.env, property(call.env, given, "refuseWhenFull"), "refuseWhenFull"),
      nullptr,
      0};
  const auto progress = call.optional_handle<Listener>(3);
  std::shared_ptr<brim_options> options = call.options(1);
  if (progress) check(call.env, brim_options_on_progress(options.get(), Listener::progress, progress.get()));
  auto made = std::make_shared<Scheduler>();
  return promise(
      call.env, std::shared_ptr<Session>(),
      [model = call.handle<Model>(0), options, settings, progress, made] {
        return brim_scheduler_create(model->pointer, options.get(), &settings, &made->pointer);
      },
      [made](napi_env env) { return wrap(env, made); });
}

/// A prompt of one of the three kinds, and what goes with it.
struct Submitted {
  std::string messages, text, key;
  std::vector<std::int32_t> ids;
  std::shared_ptr<brim_options> options;
  brim_request request{};
  std::int64_t id = 0;
};

// submit(scheduler, kind, prompt, options, {key, reuse, timeoutMs, addSpecial, parseSpecial, logprobs, embedding}) → promise
// of a number; logprobs: -1 for none; embedding: 0, 1 or 2, as brim_request;
// kind: "messages", "text" or "ids"
napi_value submit(const Call& call) {
  const auto own = call.handle<Scheduler>(0);
  const std::string kind = call.text(1, "kind");
  const napi_value how = call.value(4);
  auto made = std::make_shared<Submitted>();
  brim_request& request = made->request;
  request.size = sizeof request;
  if (kind == "ids") {
    made->ids = call.ids(2, "ids");
    made->ids.reserve(1);  // a pointer, also to no ids
    request.ids = made->ids.data();
    request.ids_count = made->ids.size();
  } else if (kind == "text") {
    made->text = call.text(2, "text");
    request.text = made->text.data();
    request.text_size = made->text.size();
  } else {
    made->messages = call.text(2, "messages");
    request.messages = made->messages.data();
    request.messages_size = made->messages.size();
  }
  made->options = call.options(3);
  made->key = text_of(call.env, property(call.env, how, "key"), "key");
  request.options = made->options.get();
  request.key = made->key.data();
  request.key_size = made->key.size();
  request.reuse = flag_of(call.env, property(call.env, how, "reuse"), "reuse");
  request.add_special = flag_of(call.env, property(call.env, how, "addSpecial"), "addSpecial");
  request.parse_special = flag_of(call.env, property(call.env, how, "parseSpecial"), "parseSpecial");
  request.timeout_ms = number_of(call.env, how, "timeoutMs", 0);
  const std::int32_t logprobs = number_of(call.env, how, "logprobs", -1);
  request.logprobs = logprobs >= 0;
  request.top_logprobs = logprobs >= 0 ? logprobs : 0;
  request.embedding = number_of(call.env, how, "embedding", 0);
  return promise(
      call.env, std::shared_ptr<Session>(),
      [own, made] { return brim_scheduler_submit(own->pointer, &made->request, &made->id); },
      [made](napi_env env) {
        napi_value id = nullptr;
        check(env, napi_create_double(env, static_cast<double>(made->id), &id));
        return id;
      });
}

/// An event from the library, whose text and numbers belong to the scheduler.
struct EventCopy {
  brim_event event;
  std::string text;
  std::vector<brim_logprob> logprobs;  // whose bytes belong to the model, which the scheduler keeps
  std::vector<float> embedding;
  explicit EventCopy(const brim_event& found)
      : event(found),
        text(found.text, found.text_size),
        logprobs(found.logprobs, found.logprobs + found.logprobs_count),
        embedding(found.embedding, found.embedding + found.embedding_count) {}

  // [{token, logprob, bytes}]
  napi_value list(napi_env env) const {
    napi_value out = nullptr;
    check(env, napi_create_array(env, &out));
    for (std::uint32_t i = 0; i < logprobs.size(); ++i) {
      napi_value one = new_object(env), bytes = nullptr;
      put(env, one, "token", logprobs[i].token);
      put(env, one, "logprob", static_cast<double>(logprobs[i].logprob));
      check(env, napi_create_buffer_copy(env, logprobs[i].bytes_size, logprobs[i].bytes, nullptr, &bytes));
      put(env, one, "bytes", bytes);
      check(env, napi_set_element(env, out, i, one));
    }
    return out;
  }

  /// {id, text, token, end, promptTokens, cachedTokens, generatedTokens}, with `failure` where the request failed, and
  /// `logprobs` or `embedding` where they were requested.
  napi_value value(napi_env env) const {
    napi_value out = new_object(env);
    const bool failed = event.status != BRIM_OK;
    put(env, out, "id", static_cast<double>(event.id));
    put(env, out, "text", failed ? std::string() : text);
    put(env, out, "token", event.token);
    put(env, out, "end", event.end);
    put(env, out, "promptTokens", static_cast<double>(event.prompt_tokens));
    put(env, out, "cachedTokens", static_cast<double>(event.cached_tokens));
    put(env, out, "generatedTokens", static_cast<double>(event.generated_tokens));
    if (!logprobs.empty()) put(env, out, "logprobs", list(env));
    if (!embedding.empty()) put(env, out, "embedding", typed_array(env, embedding));
    if (failed) put(env, out, "failure", failure(env, static_cast<brim_status>(event.status), text));
    return out;
  }
};

// step(scheduler) → promise of an array of events
napi_value step(const Call& call) {
  const auto own = call.handle<Scheduler>(0);
  auto copies = std::make_shared<std::vector<EventCopy>>();
  return promise(
      call.env, std::shared_ptr<Session>(),
      [own, copies] {
        std::vector<brim_event> found(kEvents);
        found[0].size = sizeof found[0];
        std::size_t count = found.size();
        const brim_status status = brim_scheduler_step(own->pointer, found.data(), &count);
        for (std::size_t i = 0; i < count; ++i) copies->emplace_back(found[i]);
        return status;
      },
      [own, copies](napi_env env) {
        napi_value out = nullptr;
        check(env, napi_create_array(env, &out));
        for (std::uint32_t i = 0; i < copies->size(); ++i)
          check(env, napi_set_element(env, out, i, (*copies)[i].value(env)));
        return out;
      });
}

// cancelRequest(scheduler, id)
napi_value cancel_request(const Call& call) {
  constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;
  brim_scheduler_cancel(call.handle<Scheduler>(0)->pointer, call.whole(1, "id", 0, kMaxExact));
  return undefined(call.env);
}

// schedulerStats(scheduler) → object
napi_value scheduler_stats(const Call& call) {
  brim_scheduler_stats found{};
  found.size = sizeof found;
  check(call.env, brim_scheduler_stats_get(call.handle<Scheduler>(0)->pointer, &found));
  napi_value out = new_object(call.env);
  put(call.env, out, "seats", found.seats);
  put(call.env, out, "busy", found.busy);
  put(call.env, out, "waiting", static_cast<double>(found.waiting));
  put(call.env, out, "kvBudgetBytes", static_cast<double>(found.kv_budget_bytes));
  put(call.env, out, "scratchBytes", static_cast<double>(found.scratch_bytes));
  put(call.env, out, "finished", static_cast<double>(found.finished));
  put(call.env, out, "failed", static_cast<double>(found.failed));
  put(call.env, out, "refused", static_cast<double>(found.refused));
  put(call.env, out, "promptTokens", static_cast<double>(found.prompt_tokens));
  put(call.env, out, "cachedTokens", static_cast<double>(found.cached_tokens));
  put(call.env, out, "generatedTokens", static_cast<double>(found.generated_tokens));
  put(call.env, out, "passes", static_cast<double>(found.passes));
  put(call.env, out, "chunk", found.chunk);
  put(call.env, out, "keptTokens", static_cast<double>(found.kept_tokens));
  return out;
}

// schedulerSeats(scheduler) → array of objects
napi_value scheduler_seats(const Call& call) {
  const brim_scheduler* const pointer = call.handle<Scheduler>(0)->pointer;
  brim_scheduler_stats stats{};
  stats.size = sizeof stats;
  check(call.env, brim_scheduler_stats_get(pointer, &stats));
  napi_value all = nullptr;
  check(call.env, napi_create_array(call.env, &all));
  for (std::int32_t number = 0; number < stats.seats; ++number) {
    brim_seat seat{};
    seat.size = sizeof seat;
    check(call.env, brim_scheduler_seat_get(pointer, number, &seat));
    napi_value out = new_object(call.env);
    put(call.env, out, "busy", flag_value(call.env, seat.busy != 0));
    put(call.env, out, "tokens", static_cast<double>(seat.tokens));
    put(call.env, out, "kvBytes", static_cast<double>(seat.kv_bytes));
    put(call.env, out, "kvBudgetBytes", static_cast<double>(seat.kv_budget_bytes));
    check(call.env, napi_set_element(call.env, all, static_cast<std::uint32_t>(number), out));
  }
  return all;
}

// closeScheduler(scheduler): the memory is freed now, or when the calls that use it have ended
napi_value close_scheduler(const Call& call) {
  call.box<Scheduler>(0).handle.reset();
  return undefined(call.env);
}

constexpr Export kCalls[] = {
    {"scheduler", function<scheduler>},
    {"submit", function<submit>},
    {"step", function<step>},
    {"cancelRequest", function<cancel_request>},
    {"schedulerStats", function<scheduler_stats>},
    {"schedulerSeats", function<scheduler_seats>},
    {"closeScheduler", function<close_scheduler>},
};

}  // namespace

std::span<const Export> scheduler_calls() { return kCalls; }

}  // namespace brim_node
