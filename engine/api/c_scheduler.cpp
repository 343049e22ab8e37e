// The C interface, fifth part: schedulers (brim/scheduler.h).
#include <brim/scheduler.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/handles.hpp"
#include "engine/base/quote.hpp"
#include "engine/schedule/prompt_text.hpp"
#include "engine/schedule/scheduler.hpp"

using brim::ErrorCode;
using brim::Status;
using namespace brim::api;
using brim::generate::SessionOptions;
using brim::schedule::Event;
using brim::schedule::Request;

struct brim_scheduler {
  std::unique_ptr<brim::schedule::Scheduler> scheduler;
  std::unique_ptr<brim::schedule::PromptText> prompts;
  SessionOptions defaults;  ///< of requests
  std::vector<Event> events;
  std::vector<brim_logprob> logprobs;  ///< of the events of one step, kMaxLogprobs for each
  std::shared_ptr<const brim::model::Model> model;
  std::shared_ptr<ModelLog> log;  ///< null: no log
  std::atomic<bool> stepping{false};
};

namespace {

constexpr int kDefaultSeats = 4, kDefaultQueue = 64, kDefaultChunk = 64, kDefaultGap = 250;
constexpr double kMilliseconds = 1e3;
constexpr std::size_t kMaxLogprobs = 1 + brim::generate::kMaxTopLogprobs;

/// One of a few kinds, by its number.
template <class Kind>
brim::Result<Kind> kind_of(std::int32_t given, Kind last, const char* name) {
  if (given >= 0 && given <= static_cast<std::int32_t>(last)) return static_cast<Kind>(given);
  return brim::error(ErrorCode::invalid_argument, name, ": expected 0 to ", static_cast<std::int32_t>(last), ", found ",
                     given);
}

/// As much of the caller's struct as both sides know; the rest is zeros.
template <class T>
brim::Result<T> taken(const T* given, const char* name) {
  T known{};
  if (given == nullptr) return known;
  if (given->size < sizeof(std::size_t)) {
    return brim::error(ErrorCode::invalid_argument, name, "->size: expected sizeof *", name, ", found ", given->size);
  }
  std::memcpy(&known, given, std::min(given->size, sizeof(T)));
  return known;
}

brim::Result<brim::schedule::SchedulerOptions> scheduler_options(const brim_scheduler_settings& settings) {
  const auto chosen = [](std::int32_t value, int otherwise) { return value == 0 ? otherwise : value; };
  if (settings.max_gap_ms < 0 || settings.queue < -1) {
    return brim::error(ErrorCode::invalid_argument, settings.queue < -1 ? "settings->queue" : "settings->max_gap_ms",
                       ": expected at least ", settings.queue < -1 ? -1 : 0, ", found ",
                       settings.queue < -1 ? settings.queue : settings.max_gap_ms);
  }
  brim::schedule::SchedulerOptions options;
  options.seats = chosen(settings.seats, kDefaultSeats);
  options.queue = settings.queue < 0 ? 0 : chosen(settings.queue, kDefaultQueue);
  options.prefill_chunk = chosen(settings.prefill_chunk, kDefaultChunk);
  BRIM_ASSIGN(options.refuse_when_full, kind_of(settings.when_full, true, "settings->when_full"));
  if (settings.park_folder != nullptr) options.park_folder = settings.park_folder;
  options.park_bytes = settings.park_bytes;
  options.max_gap = chosen(settings.max_gap_ms, kDefaultGap) / kMilliseconds;
  return options;
}

brim::Result<std::vector<brim::TokenId>> prompt_of(const brim_scheduler& scheduler, const brim_request& request) {
  const int given = (request.messages != nullptr) + (request.text != nullptr) + (request.ids != nullptr);
  if (given != 1) {
    return brim::error(ErrorCode::invalid_argument, "request: expected exactly one of messages, text and ids, found ",
                       given);
  }
  if (request.ids != nullptr) return std::vector<brim::TokenId>(request.ids, request.ids + request.ids_count);
  if (request.text != nullptr) {
    BRIM_TRY(check_text(request.text, request.text_size));
    return scheduler.prompts->of_text({request.text, request.text_size},
                                      {request.add_special != 0, request.parse_special != 0});
  }
  std::vector<std::string> dropped;
  auto ids = scheduler.prompts->of_messages({request.messages, request.messages_size}, &dropped);
  if (!ids || dropped.empty() || scheduler.log == nullptr) return ids;
  std::string names;
  for (const std::string& member : dropped) names += (names.empty() ? "" : ", ") + brim::quoted(member);
  scheduler.log->say(BRIM_LOG_WARNING,
                     brim::sentence("a prompt keeps only the role and the content of messages, and left out: ", names));
  return ids;
}

Status check_top(bool logprobs, std::int32_t count) {
  const int max = logprobs ? brim::generate::kMaxTopLogprobs : 0;
  if (count >= 0 && count <= max) return {};
  return brim::error(ErrorCode::invalid_argument, "top_logprobs: expected 0 to ", max,
                     logprobs ? "" : " without logprobs", ", found ", count);
}

Status change_answer(SessionOptions& answer, const OptionList& list) {
  for (const auto& [key, value] : list) {
    BRIM_ASSIGN(const Change change, change_option(answer, key, value));
    if (change != Change::system && change != Change::max_message) continue;
    return brim::error(ErrorCode::invalid_argument, "option ", brim::quoted(key), " is not one of a request");
  }
  return {};
}

/// `out` has room for kMaxLogprobs.
std::size_t list_logprobs(const brim::generate::Logprobs& found, const brim::text::Tokenizer& tokenizer,
                          brim_logprob* out) noexcept {
  const auto add = [&](const brim::generate::TokenLogprob& one, bool special) {
    const std::string_view bytes = tokenizer.piece(one.id, special);
    *out++ = {one.id, one.logprob, bytes.data() != nullptr ? bytes.data() : "", bytes.size()};
  };
  add(found.chosen, false);
  for (int i = 0; i < found.count; ++i) add(found.top[static_cast<std::size_t>(i)], true);
  return static_cast<std::size_t>(1 + found.count);
}

brim_event event_of(const Event& event) noexcept {
  brim_event out{};
  out.id = event.id;
  out.prompt_tokens = event.prompt_tokens;
  out.cached_tokens = event.cached_tokens;
  out.generated_tokens = event.generated_tokens;
  if (event.status) {
    out.text = event.piece.text.data() != nullptr ? event.piece.text.data() : "";
    out.text_size = event.piece.text.size();
    out.token = event.piece.id;
    out.end = static_cast<std::int32_t>(event.piece.end);
    out.status = BRIM_OK;
    out.embedding = event.embedding.empty() ? nullptr : event.embedding.data();
    out.embedding_count = event.embedding.size();
  } else {
    out.text = event.status.error().sentence.c_str();
    out.text_size = event.status.error().sentence.size();
    out.token = -1;
    out.status = static_cast<std::int32_t>(status_of(event.status.error().code));
  }
  return out;
}

/// Whether this call may step; releases that when it ends.
class Stepping {
 public:
  explicit Stepping(std::atomic<bool>& flag) noexcept : flag_(flag), allowed_(!flag.exchange(true)) {}
  ~Stepping() {
    if (allowed_) flag_.store(false);
  }
  Stepping(const Stepping&) = delete;
  Stepping& operator=(const Stepping&) = delete;
  bool allowed() const noexcept { return allowed_; }

 private:
  std::atomic<bool>& flag_;
  bool allowed_;
};

}  // namespace

extern "C" {

brim_status brim_scheduler_create(brim_model* model, const brim_options* options,
                                  const brim_scheduler_settings* settings, brim_scheduler** out) {
  hand_out_nothing(out);
  return guarded([&]() -> Status {
    if (model == nullptr || out == nullptr) return null_argument(model == nullptr ? "model" : "out");
    auto handle = std::make_unique<brim_scheduler>();
    BRIM_ASSIGN(const brim_scheduler_settings known, taken(settings, "settings"));
    BRIM_ASSIGN(brim::schedule::SchedulerOptions wanted, scheduler_options(known));
    if (options != nullptr) {
      BRIM_ASSIGN(wanted.seat, session_options(options->list));
      wanted.seat.sequence.preparing = progress_of(options->progress, options->progress_user);
    }
    wanted.seat.sequence.threads = model->threads;
    wanted.seat.sequence.executor = model->executor;
    wanted.seat.sequence.pool = model->pool;
    handle->defaults.sampling = wanted.seat.sampling;
    handle->defaults.stops = wanted.seat.stops;
    handle->defaults.limit = wanted.seat.limit;
    handle->defaults.ignore_end_tokens = wanted.seat.ignore_end_tokens;
    const std::int64_t requests = std::int64_t{wanted.seats} + wanted.queue;
    handle->log = model->log;
    handle->model = model->model;
    BRIM_ASSIGN(handle->prompts, brim::schedule::PromptText::create(model->model, wanted.seat.chat_template,
                                                                    wanted.seat.max_message_bytes));
    BRIM_ASSIGN(handle->scheduler, brim::schedule::Scheduler::create(model->model, std::move(wanted)));
    handle->events.resize(static_cast<std::size_t>(requests) + brim::schedule::kMinEvents);  // each has one at a time
    handle->logprobs.resize(brim::model::kMaxSequences * kMaxLogprobs);
    *out = handle.release();
    return {};
  });
}

void brim_scheduler_free(brim_scheduler* scheduler) { delete scheduler; }

brim_status brim_scheduler_submit(brim_scheduler* scheduler, const brim_request* request, int64_t* id) {
  if (id != nullptr) *id = 0;
  return guarded([&]() -> Status {
    if (scheduler == nullptr) return null_argument("scheduler");
    if (request == nullptr || id == nullptr) return null_argument(request == nullptr ? "request" : "id");
    BRIM_ASSIGN(const brim_request known, taken(request, "request"));
    Request wanted;
    wanted.answer = scheduler->defaults;
    if (known.options != nullptr) BRIM_TRY(change_answer(wanted.answer, known.options->list));
    if (known.key == nullptr && known.key_size > 0) return null_argument("key");
    if (known.key != nullptr) wanted.key.assign(known.key, known.key_size);
    wanted.reuse = known.reuse != 0;
    wanted.seconds = known.timeout_ms / kMilliseconds;
    BRIM_ASSIGN(const bool logprobs, kind_of(known.logprobs, true, "logprobs"));
    BRIM_TRY(check_top(logprobs, known.top_logprobs));
    if (logprobs) wanted.answer.logprobs = known.top_logprobs;
    BRIM_ASSIGN(wanted.pooling, kind_of(known.embedding, brim::generate::Pooling::mean, "embedding"));
    BRIM_ASSIGN(wanted.ids, prompt_of(*scheduler, known));
    BRIM_ASSIGN(*id, scheduler->scheduler->submit(std::move(wanted)));
    return {};
  });
}

brim_status brim_scheduler_prompt(const brim_scheduler* scheduler, const brim_request* request, int32_t* ids,
                                  size_t* count) {
  return guarded([&]() -> Status {
    if (scheduler == nullptr) return null_argument("scheduler");
    if (request == nullptr || count == nullptr) return null_argument(request == nullptr ? "request" : "count");
    BRIM_ASSIGN(const brim_request known, taken(request, "request"));
    BRIM_ASSIGN(const std::vector<brim::TokenId> prompt, prompt_of(*scheduler, known));
    return copy_out(prompt.data(), prompt.size(), ids, count, "ids");
  });
}

void brim_scheduler_cancel(brim_scheduler* scheduler, int64_t id) {
  if (scheduler != nullptr) scheduler->scheduler->cancel(id);
}

brim_status brim_scheduler_step(brim_scheduler* scheduler, brim_event* events, size_t* count) {
  return guarded([&]() -> Status {
    if (scheduler == nullptr) return null_argument("scheduler");
    if (events == nullptr || count == nullptr) return null_argument(events == nullptr ? "events" : "count");
    const std::size_t capacity = std::min(*count, scheduler->events.size());
    *count = 0;
    if (capacity < brim::schedule::kMinEvents) {
      return brim::error(ErrorCode::invalid_argument, "events: expected room for at least ", brim::schedule::kMinEvents,
                         ", found ", capacity);
    }
    const std::size_t stride = events[0].size;
    if (stride < sizeof(brim_event)) {
      return brim::error(ErrorCode::invalid_argument, "events[0].size: expected at least ", sizeof(brim_event),
                         ", found ", stride);
    }
    const Stepping stepping(scheduler->stepping);
    if (!stepping.allowed()) {
      return brim::error(ErrorCode::wrong_state, "another thread is inside a step: one thread at a time");
    }
    *count = scheduler->scheduler->step(std::span(scheduler->events).first(capacity));
    auto* out = reinterpret_cast<std::byte*>(events);
    brim_logprob* logprobs = scheduler->logprobs.data();
    for (std::size_t i = 0; i < *count; ++i, out += stride) {
      brim_event event = event_of(scheduler->events[i]);
      if (const auto* const found = scheduler->events[i].logprobs; found != nullptr) {  // at most one for each sequence
        event.logprobs = logprobs;
        event.logprobs_count = list_logprobs(*found, scheduler->model->tokenizer(), logprobs);
        logprobs += event.logprobs_count;
      }
      event.size = stride;
      std::memcpy(out, &event, sizeof event);
    }
    return {};
  });
}

brim_status brim_scheduler_wait(brim_scheduler* scheduler, int64_t milliseconds, int32_t* work) {
  if (work != nullptr) *work = 0;
  return guarded([&]() -> Status {
    if (scheduler == nullptr) return null_argument("scheduler");
    const bool found = scheduler->scheduler->wait(static_cast<double>(milliseconds) / kMilliseconds);
    if (work != nullptr) *work = found ? 1 : 0;
    return {};
  });
}

void brim_scheduler_wake(brim_scheduler* scheduler) {
  if (scheduler != nullptr) scheduler->scheduler->wake();
}

brim_status brim_scheduler_stats_get(const brim_scheduler* scheduler, brim_scheduler_stats* stats) {
  return guarded([&]() -> Status {
    if (scheduler == nullptr) return null_argument("scheduler");
    const brim::schedule::Scheduler::Counts counts = scheduler->scheduler->counts();
    brim_scheduler_stats filled{};
    filled.seats = counts.seats;
    filled.busy = counts.busy;
    filled.waiting = counts.waiting;
    filled.kv_budget_bytes = counts.budget_bytes;
    filled.scratch_bytes = counts.outside_bytes;
    filled.finished = counts.finished;
    filled.failed = counts.failed;
    filled.refused = counts.refused;
    filled.prompt_tokens = counts.prompt_tokens;
    filled.cached_tokens = counts.cached_tokens;
    filled.generated_tokens = counts.generated_tokens;
    filled.passes = static_cast<std::int64_t>(counts.passes);
    filled.chunk = counts.chunk;
    filled.parked = counts.parked;
    filled.restored = counts.restored;
    filled.parking_failed = counts.parking_failed;
    filled.parked_bytes = counts.parked_bytes;
    filled.kept_tokens = counts.kept_tokens;
    return hand_out(stats, filled, "stats");
  });
}

brim_status brim_scheduler_seat_get(const brim_scheduler* scheduler, int32_t number, brim_seat* seat) {
  return guarded([&]() -> Status {
    if (scheduler == nullptr) return null_argument("scheduler");
    BRIM_ASSIGN(const brim::schedule::Scheduler::SeatCounts counts, scheduler->scheduler->seat(number));
    brim_seat filled{};
    filled.busy = counts.busy ? 1 : 0;
    filled.tokens = counts.tokens;
    filled.kv_bytes = counts.kv_bytes;
    filled.kv_budget_bytes = scheduler->scheduler->counts().budget_bytes;
    return hand_out(seat, filled, "seat");
  });
}

}  // extern "C"
