// Who may compute next. Callers get the turn in the order in which they asked; whoever has it may also do the work of
// callers that still wait, who then leave the queue without a turn of their own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/run/fair_lock.hpp"

namespace brim::run {

/// Any thread. Allocates nothing. In a forked child the queue is empty and the turn is free: the threads that waited or
/// had it are not there.
class TurnQueue {
 public:
  /// A caller in the queue. It lies in the caller's stack frame.
  class Place {
   public:
    /// `rows`: how much another caller's pass grows by this caller's work; 0: it needs a turn of its own.
    explicit Place(std::size_t rows) noexcept : rows_(rows) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::size_t rows() const noexcept { return rows_; }

   private:
    friend class TurnQueue;
    enum class State : std::uint8_t { waiting, turn, done };
    const std::size_t rows_;
    std::atomic<State> state_{State::waiting};
    Place* next_ = nullptr;
  };

  /// Waits. True: this caller has the turn and must leave(). False: whoever had the turn has done its work.
  bool enter(Place& place) noexcept;
  /// For the caller that has the turn: takes callers out of the queue, first come first, that need at most `rows` rows
  /// together; larger ones keep their places. At most taken.size() of them; returns how many. Each must be given to
  /// done().
  std::size_t take(std::size_t rows, std::span<Place*> taken) noexcept;
  /// The work of these callers is done: they go on when the turn ends, or before. Their places must not be used any
  /// more.
  void done(std::span<Place* const> taken) noexcept;
  /// Ends the turn: the caller that has waited longest is next.
  void leave() noexcept;

  /// Callers that wait: for tests.
  std::size_t waiting() noexcept;

 private:
  void lock() noexcept;

  FairLock guard_;  // for what follows, for a few instructions at a time
  bool given_ = false;
  Place *first_ = nullptr, *last_ = nullptr;  // none waits while the turn is free
  std::atomic<std::uint32_t> changes_{0};     // of any place's state; it outlives the places, so it is waited for
};

}  // namespace brim::run
