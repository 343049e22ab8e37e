// Many requests over one model inside one memory budget, for C++20: a header over scheduler.h, which describes what
// happens.
//
//   brim::Scheduler scheduler(model, {{"kv.budget", "64MiB"}}, {.seats = 8});
//   const std::int64_t id = scheduler.submit({.messages = R"([{"role": "user", "content": "Hello!"}])"});
//   while (scheduler.wait(0)) {
//     for (const brim::Scheduler::Event& event : scheduler.step()) std::cout << event.text;
//   }
#pragma once

#include <brim/scheduler.h>

#include <brim/brim.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brim {

/// Movable. step() is for one thread at a time; any thread may call the others at any time.
class Scheduler {
 public:
  /// As brim_scheduler_settings; 0 is the default.
  struct Settings {
    std::int32_t seats = 0;
    std::int32_t queue = 0;
    std::int32_t prefill_chunk = 0;
    std::int32_t max_gap_ms = 0;
    bool refuse_when_full = false;
    std::string park_folder = {};
    std::int64_t park_bytes = 0;
  };
  /// As brim_request. The prompt is the first of `messages`, `ids` and `text` that is not empty.
  struct Request {
    std::string messages = {};  ///< JSON
    std::vector<std::int32_t> ids = {};
    std::string text = {};
    bool add_special = true;
    bool parse_special = false;
    const Options* options = nullptr;
    std::string key = {};
    bool reuse = true;
    std::int32_t timeout_ms = 0;
    std::int32_t top_logprobs = -1;  ///< −1: no logprobs
    enum class Embedding { none, last, mean } embedding = Embedding::none;
  };
  struct Event {
    std::int64_t id;
    std::string_view text;  ///< valid until the next step; the sentence where `status` is not BRIM_OK
    std::int32_t token;     ///< −1 when the event only ends the answer
    Session::End end;
    brim_status status;
    std::int64_t prompt_tokens, cached_tokens, generated_tokens;
    std::span<const brim_logprob>
        logprobs;                      ///< of the token, then of the most probable ones; valid until the next step
    std::span<const float> embedding;  ///< valid until the next step
    /// Whether it is the last one of its request.
    bool last() const { return status != BRIM_OK || end != Session::End::not_yet; }
  };

  /// Books all seats, or throws BRIM_OUT_OF_MEMORY.
  explicit Scheduler(const Model& model, const Options& options = {}) : Scheduler(model, options, Settings()) {}
  Scheduler(const Model& model, const Options& options, const Settings& settings) {
    brim_scheduler_settings own{sizeof own,
                                settings.seats,
                                settings.queue,
                                settings.prefill_chunk,
                                settings.max_gap_ms,
                                settings.refuse_when_full ? 1 : 0,
                                settings.park_folder.empty() ? nullptr : settings.park_folder.c_str(),
                                settings.park_bytes};
    brim_scheduler* raw = nullptr;
    detail::check(brim_scheduler_create(model.get(), options.get(), &own, &raw));
    handle_.reset(raw);
  }

  /// Returns the request's number. Throws BRIM_WRONG_STATE when the queue is full.
  std::int64_t submit(const Request& request) {
    const brim_request own = as_c(request);
    std::int64_t id = 0;
    detail::check(brim_scheduler_submit(handle_.get(), &own, &id));
    return id;
  }
  /// The ids of its prompt, as submit() would process them; nothing is queued.
  std::vector<std::int32_t> prompt(const Request& request) const {
    const brim_request own = as_c(request);
    // Room for a token per byte and a template around them: nearly always enough, so that it is rendered once.
    std::vector<std::int32_t> ids(request.messages.size() + request.text.size() + request.ids.size() + 256);
    std::size_t count = ids.size();
    brim_status status = brim_scheduler_prompt(handle_.get(), &own, ids.data(), &count);
    if (status != BRIM_OK && count > ids.size()) {  // count is how many there are
      ids.resize(count);
      status = brim_scheduler_prompt(handle_.get(), &own, ids.data(), &count);
    }
    detail::check(status);
    ids.resize(count);
    return ids;
  }
  void cancel(std::int64_t id) noexcept { brim_scheduler_cancel(handle_.get(), id); }
  /// At most one pass, and at most `max` events (2 or more).
  std::vector<Event> step(std::size_t max = 32) {
    std::vector<brim_event> raw(max);
    if (!raw.empty()) raw[0].size = sizeof(brim_event);
    std::size_t count = max;
    detail::check(brim_scheduler_step(handle_.get(), raw.data(), &count));
    std::vector<Event> events;
    for (std::size_t i = 0; i < count; ++i) {
      const brim_event& event = raw[i];
      events.push_back({event.id,
                        {event.text, event.text_size},
                        event.token,
                        static_cast<Session::End>(event.end),
                        static_cast<brim_status>(event.status),
                        event.prompt_tokens,
                        event.cached_tokens,
                        event.generated_tokens,
                        {event.logprobs, event.logprobs_count},
                        {event.embedding, event.embedding_count}});
    }
    return events;
  }
  /// Whether step() has something to do; waits for that up to `milliseconds`, or until wake().
  bool wait(std::int64_t milliseconds) {
    std::int32_t work = 0;
    detail::check(brim_scheduler_wait(handle_.get(), milliseconds, &work));
    return work != 0;
  }
  void wake() noexcept { brim_scheduler_wake(handle_.get()); }
  brim_scheduler_stats stats() const {
    brim_scheduler_stats stats{};
    stats.size = sizeof stats;
    detail::check(brim_scheduler_stats_get(handle_.get(), &stats));
    return stats;
  }
  /// Throws BRIM_INVALID_ARGUMENT for a number that is not from 0 to one less than stats().seats.
  brim_seat seat(std::int32_t number) const {
    brim_seat seat{};
    seat.size = sizeof seat;
    detail::check(brim_scheduler_seat_get(handle_.get(), number, &seat));
    return seat;
  }
  /// The handle, which stays owned by this object.
  brim_scheduler* get() const { return handle_.get(); }

 private:
  static brim_request as_c(const Request& request) {
    brim_request own{};
    own.size = sizeof own;
    if (!request.messages.empty()) {
      own.messages = request.messages.data();
      own.messages_size = request.messages.size();
    } else if (!request.ids.empty()) {
      own.ids = request.ids.data();
      own.ids_count = request.ids.size();
    } else {
      own.text = request.text.data();
      own.text_size = request.text.size();
    }
    own.add_special = request.add_special;
    own.parse_special = request.parse_special;
    own.options = request.options == nullptr ? nullptr : request.options->get();
    own.key = request.key.data();
    own.key_size = request.key.size();
    own.reuse = request.reuse;
    own.timeout_ms = request.timeout_ms;
    own.logprobs = request.top_logprobs >= 0;
    own.top_logprobs = request.top_logprobs >= 0 ? request.top_logprobs : 0;
    own.embedding = static_cast<std::int32_t>(request.embedding);
    return own;
  }
  struct Free {
    void operator()(brim_scheduler* raw) const { brim_scheduler_free(raw); }
  };
  std::unique_ptr<brim_scheduler, Free> handle_;
};

}  // namespace brim
