// Many requests over one model inside one byte budget: seats, whose memory is booked when the scheduler is created, a
// bounded queue in front of them, and one pass after another, in which all that generate take part and a piece of one
// prompt goes along. No HTTP and no threads of its own: the caller's thread computes, step by step.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/model.hpp"
#include "engine/schedule/pace.hpp"
#include "engine/schedule/parking.hpp"
#include "engine/schedule/placement.hpp"
#include "engine/schedule/request.hpp"

namespace brim::schedule {

inline constexpr int kMaxSeats = 256;
inline constexpr int kMaxQueue = 65536;
inline constexpr std::size_t kMaxKeyBytes = 256;
inline constexpr std::size_t kMinEvents = 2;  ///< that step() needs room for: a prompt's failure and a piece

struct SchedulerOptions {
  /// What every seat is created with: its context, budget, pool, executor. What a seat says comes from its request.
  generate::SessionOptions seat;
  int seats = 4;                  ///< requests that are worked on at a time, 1 … kMaxSeats
  int queue = 64;                 ///< requests that may wait for a seat, 0 … kMaxQueue
  int prefill_chunk = 64;         ///< SequenceOptions::prefill_chunk, 32 … kv::kLargestChunk
  double max_gap = 0.25;          ///< seconds, as Pace
  bool refuse_when_full = false;  ///< requests that a seat cannot keep whole (Counts::kept_tokens)
  std::string park_folder;        ///< absolute; where texts go that lose their seat; empty: nowhere
  std::int64_t park_bytes = 0;    ///< of all of them, at least 1 with a folder
  /// Seconds since some moment, for deadlines and for the sizes of pieces; any thread. Empty: the steady clock.
  std::function<double()> clock;
};

/// Answers do not depend on what else is being answered, bit for bit: see docs/decisions/0026-scheduler.md for what
/// makes it so. The failure of one request ends that request alone.
class Scheduler {
 public:
  /// Books and prepares all seats. An automatic budget is divided between them. Errors: invalid_argument; those of
  /// Session::create, with the seat's number: out_of_memory with the numbers.
  static Result<std::unique_ptr<Scheduler>> create(std::shared_ptr<const model::Model> model, SchedulerOptions options);
  ~Scheduler();

  /// Any thread. Errors: invalid_argument for a prompt without ids or with an id outside the vocabulary, for sampling
  /// that check() refuses, a key that is too long or a time that is not a number; wrong_state, with the numbers, when
  /// the queue is full.
  Result<RequestId> submit(Request request);
  /// Ends a request before the next pass, with an event; a pass that computes for it alone ends early. Nothing happens
  /// where it has ended already. Any thread.
  void cancel(RequestId id) noexcept;

  /// Ends what is cancelled or late, gives free seats to those that wait, and makes at most one pass. Returns how many
  /// of `events` it filled, at least kMinEvents of them being there; what found no room comes with the next step. One
  /// thread at a time. A pass allocates nothing; giving a seat to a request allocates what its sampling and its stop
  /// strings take.
  std::size_t step(std::span<Event> events);
  /// Waits until a request is there, wake() was called or `seconds` have passed. Returns whether step() has work.
  bool wait(double seconds);
  void wake() noexcept;

  struct Counts {
    int seats = 0, busy = 0;                             ///< seats, and those that have a request
    std::int64_t waiting = 0;                            ///< requests without a seat
    std::int64_t budget_bytes = 0, outside_bytes = 0;    ///< KV budget of a seat, and what it takes outside the budget
    std::int64_t finished = 0, failed = 0, refused = 0;  ///< requests so far; cancelled ones have failed
    std::int64_t prompt_tokens = 0, cached_tokens = 0, generated_tokens = 0;  ///< of requests that have ended
    std::uint64_t passes = 0;
    std::int64_t parked = 0, restored = 0, parking_failed = 0;  ///< texts so far
    std::int64_t parked_bytes = 0;                              ///< of the files that are there
    int chunk = 0;                                              ///< tokens of a prompt that a pass processes at most
    std::int64_t kept_tokens = 0;  ///< that a seat keeps without evicting any and without moving positions
  };
  /// Any thread.
  Counts counts() const;

  /// A seat as it was after the last pass that it took part in.
  struct SeatCounts {
    bool busy = false;          ///< has a request now
    std::int64_t tokens = 0;    ///< that it holds
    std::int64_t kv_bytes = 0;  ///< in use, of its budget
  };
  /// Any thread. Errors: invalid_argument for a number that is not from 0 to one less than the seats.
  Result<SeatCounts> seat(int number) const;

 private:
  /// A request from submit() to its last event.
  struct Job {
    RequestId id = 0;
    Request request;
    std::atomic<bool> cancelled{false};
    double deadline = 0;  // 0: none
    std::int64_t prompt_tokens = 0, cached_tokens = 0;
    std::size_t seats_of_key = 0;  // when a free seat is given away
  };
  struct Seat {
    std::unique_ptr<generate::Session> session;
    std::unique_ptr<Job> job;  // null: free
    std::string key;           // whose text the session holds
    std::uint64_t last_used = 0;
    SeatCounts after;  // its last pass; `busy` is not kept here
  };
  /// The events of one step.
  struct Output {
    std::span<Event> room;
    std::size_t count = 0;
    std::size_t left() const noexcept { return room.size() - count; }
    Event& add(const Job& job) noexcept;
  };

  Scheduler(SchedulerOptions options, std::shared_ptr<run::Executor> executor);
  Status check_length(Request& request) const;
  Status create_seats(const std::shared_ptr<const model::Model>& model);
  bool late(const Job& job, double now) const noexcept { return job.deadline > 0 && now >= job.deadline; }
  bool ends(const Job& job, double now) const noexcept {
    return job.cancelled.load(std::memory_order_relaxed) || late(job, now);
  }
  Error why(const Job& job, double now) const noexcept;
  void end_requests(double now, Output& out);
  void fill_seats(Output& out);
  Seat* give_seat() noexcept;
  Status begin(Seat& seat);
  Status open_parking(const model::Model& model);
  bool exchange_text(Seat& seat);
  void park(Seat& seat, std::int64_t kept);
  void park_all() noexcept;
  Seat* next_prompt() noexcept;
  std::size_t choose_generating(std::span<Seat*> chosen) noexcept;
  void pass(Output& out);
  void say(Seat& seat, const Result<generate::Piece>& piece, Output& out) noexcept;
  void give_embedding(Seat& seat, Output& out) noexcept;
  void fail(Seat& seat, const Error& why, Output& out) noexcept;
  void leave(Seat& seat, bool failed) noexcept;
  static void note(Seat& seat) noexcept;

  SchedulerOptions options_;
  std::shared_ptr<run::Executor> executor_;
  std::int64_t vocabulary_ = 0;
  Pace pace_;
  std::unique_ptr<Parking> parking_;                   // null: texts that lose their seat are lost
  std::size_t prompt_turn_ = 0, generating_turn_ = 0;  // the seat that is looked at first

  mutable std::mutex mutex_;  // for the following, and for each seat's job and key
  std::condition_variable changed_;
  std::vector<Seat> seats_;
  std::vector<SeatState> states_;              // of the seats, for one placement
  std::vector<std::unique_ptr<Job>> waiting_;  // in the order in which they came
  RequestId last_id_ = 0;
  std::uint64_t uses_ = 0;
  bool woken_ = false;
  Counts counts_;
};

}  // namespace brim::schedule
