// The thread that computes: it drives the scheduler and hands every piece to whoever submitted its request.
#pragma once

#include <atomic>
#include <brim/scheduler.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "apps/serve/answer_body.hpp"

namespace brim::apps::serve {

/// Where the pieces of one answer go. Called by the computing thread: it must return at once.
class AnswerSink {
 public:
  AnswerSink() = default;
  virtual ~AnswerSink() = default;
  AnswerSink(const AnswerSink&) = delete;
  AnswerSink& operator=(const AnswerSink&) = delete;

  virtual void take(AnswerPiece piece) = 0;
  /// take() threw, for lack of memory: the request was cancelled, and nothing follows.
  virtual void lose() noexcept = 0;
};

/// Any thread may call any function at any time.
class Answers {
 public:
  /// Starts the thread.
  explicit Answers(Scheduler scheduler);
  ~Answers() { end(); }
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  /// Throws brim::Exception as Scheduler::submit does.
  std::int64_t submit(const Scheduler::Request& request, std::shared_ptr<AnswerSink> sink);
  /// Ends the thread: from here on no sink is called, and requests that are left end without another piece. Not for two
  /// threads at a time.
  void end() noexcept;
  void cancel(std::int64_t id) noexcept { scheduler_.cancel(id); }
  std::vector<std::int32_t> prompt(const Scheduler::Request& request) const { return scheduler_.prompt(request); }
  brim_scheduler_stats stats() const { return scheduler_.stats(); }
  brim_seat seat(std::int32_t number) const { return scheduler_.seat(number); }

 private:
  void compute() noexcept;
  void deliver(const brim_event& event) noexcept;
  void fail_all(brim_status status) noexcept;

  Scheduler scheduler_;
  std::vector<brim_event> events_;  ///< of one step, so that a step allocates nothing
  std::mutex mutex_;  ///< for the following, and around submitting: no piece comes before its sink is known
  std::map<std::int64_t, std::shared_ptr<AnswerSink>> sinks_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace brim::apps::serve
