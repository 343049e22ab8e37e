// How work that may take long is cancelled: it counts its steps, and checks a flag each time it has done about so many.
// Tests count the same units instead of measuring time.
//
// Every loop over input of any size steps a meter: once per item, or once per piece of work that ends by itself soon. A step
// that returns false ends the work with cancelled_error(), leaving everything as it was.
//
//   for (std::size_t i = 0; i < text.size(); ++i) {
//     if (!meter.step()) return cancelled_error();
//     …
//   }
//
// One unit is what takes about 0.1 µs on a current core and 1 µs on a slow one: one step of a state machine, one lookup in a
// hash table, 64 bytes copied or compared. Work that does n of those before it can stop calls step(n).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

#include "engine/base/result.hpp"

namespace brim {

/// One call's count; one thread at a time. Costs an addition and a comparison per step.
class WorkMeter {
 public:
  /// After this many units the flag is checked: 16 ms on a slow core.
  static constexpr std::int64_t kPollUnits = 1 << 14;
  /// The units that 50 ms hold on a slow core: no two checks may be further apart.
  static constexpr std::int64_t kMaxUnitsBetweenPolls = 50'000;

  /// Counts, and is never cancelled.
  WorkMeter() = default;
  /// `cancel`: true from any thread ends the work. It must outlive the meter; null: as above. It is looked at, never changed.
  explicit WorkMeter(const std::atomic<bool>* cancel) noexcept : cancel_(cancel) {}
  /// Calls `go_on(context)` instead; false ends the work.
  WorkMeter(bool (*go_on)(void* context), void* context) noexcept : go_on_(go_on), context_(context) {}

  /// Counts `units`. False: the work is cancelled and must end; it stays so.
  [[nodiscard]] bool step(std::int64_t units = 1) noexcept {
    done_ += units;
    return done_ < next_poll_ || poll();
  }
  /// Checks the flag now.
  [[nodiscard]] bool poll() noexcept {
    max_between_polls_ = std::max(max_between_polls_, done_ - last_poll_);
    last_poll_ = done_;
    ++polls_;
    const bool flag = cancel_ != nullptr && cancel_->load(std::memory_order_acquire);
    if (cancelled_ || flag || polls_ >= cancel_at_poll_ || (go_on_ != nullptr && !go_on_(context_))) {
      next_poll_ = 0;
      cancelled_ = true;
      return false;
    }
    next_poll_ = done_ + kPollUnits;
    return true;
  }
  bool cancelled() const noexcept { return cancelled_; }
  /// Begins the next call's count; the source of cancellation stays the same.
  void restart() noexcept {
    done_ = last_poll_ = polls_ = max_between_polls_ = 0;
    next_poll_ = kPollUnits;
    cancelled_ = false;
  }

  /// For tests: the count, how often the flag was checked, and the max number of units between two checks.
  std::int64_t units() const noexcept { return done_; }
  std::int64_t polls() const noexcept { return polls_; }
  std::int64_t max_between_polls() const noexcept { return std::max(max_between_polls_, done_ - last_poll_); }
  /// For tests: check number `poll`, counted from 1, finds the work cancelled.
  void cancel_at_poll(std::int64_t poll) noexcept { cancel_at_poll_ = poll; }

 private:
  const std::atomic<bool>* cancel_ = nullptr;
  bool (*go_on_)(void*) = nullptr;
  void* context_ = nullptr;
  std::int64_t done_ = 0, next_poll_ = kPollUnits, last_poll_ = 0;
  std::int64_t polls_ = 0, max_between_polls_ = 0;
  std::int64_t cancel_at_poll_ = std::numeric_limits<std::int64_t>::max();
  bool cancelled_ = false;
};

/// A step where the caller may not have passed a meter.
[[nodiscard]] inline bool step(WorkMeter* meter, std::int64_t units = 1) noexcept {
  return meter == nullptr || meter->step(units);
}

/// The error of cancelled work. Its sentence is so short that std::string stores it without allocating: a call can be
/// cancelled where there is no memory left.
inline Error cancelled_error() { return Error{ErrorCode::cancelled, "call cancelled"}; }

}  // namespace brim
