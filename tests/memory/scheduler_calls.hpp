// Calls of a scheduler for the tests in which memory runs out: whatever fails, no request is left in it.
#pragma once

#include <brim/scheduler.h>

#include <cstddef>
#include <cstdint>

namespace brim::test {

/// A scheduler with one seat.
inline brim_status create_scheduler(brim_model* model, brim_scheduler** out) {
  *out = nullptr;
  brim_options* options = nullptr;
  brim_status status = brim_options_create(&options);
  if (status == BRIM_OK) status = brim_options_set(options, "kv.budget", "48KiB");
  if (status == BRIM_OK) status = brim_options_set(options, "limit", "4");
  brim_scheduler_settings settings{};
  settings.size = sizeof settings;
  settings.seats = 1;
  if (status == BRIM_OK) status = brim_scheduler_create(model, options, &settings, out);
  brim_options_free(options);
  return status;
}

inline constexpr char kPromptMessages[] = R"([{"role": "user", "content": "the dog was on the cat"}])";

/// The ids of a prompt.
inline brim_status prompt_ids(const brim_scheduler* scheduler) {
  brim_request request{};
  request.size = sizeof request;
  request.messages = kPromptMessages;
  request.messages_size = sizeof kPromptMessages - 1;
  std::int32_t ids[256];
  std::size_t count = 256;
  return brim_scheduler_prompt(scheduler, &request, ids, &count);
}

inline brim_status scheduler_stats(const brim_scheduler* scheduler) {
  brim_scheduler_stats stats{};
  stats.size = sizeof stats;
  return brim_scheduler_stats_get(scheduler, &stats);
}

inline brim_status first_seat(const brim_scheduler* scheduler) {
  brim_seat seat{};
  seat.size = sizeof seat;
  return brim_scheduler_seat_get(scheduler, 0, &seat);
}

/// Submits a request and steps until it has ended. Returns the first failure of a call; a request that fails is none.
inline brim_status answer_request(brim_scheduler* scheduler) {
  brim_request request{};
  request.size = sizeof request;
  request.messages = kPromptMessages;
  request.messages_size = sizeof kPromptMessages - 1;
  std::int64_t id = 0;
  brim_status status = brim_scheduler_submit(scheduler, &request, &id);
  std::int32_t work = 1;
  while (brim_scheduler_wait(scheduler, 0, &work) == BRIM_OK && work != 0) {
    brim_event events[2]{};
    events[0].size = sizeof events[0];
    std::size_t count = 2;
    const brim_status stepped = brim_scheduler_step(scheduler, events, &count);
    if (status == BRIM_OK) status = stepped;
  }
  return status;
}

}  // namespace brim::test
