// The order of turns, and callers whose work another caller does.
#include "engine/run/turn_queue.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/thread_sanitizer.hpp"

using brim::run::TurnQueue;

namespace {

void wait_for(TurnQueue& queue, std::size_t callers) {
  while (queue.waiting() < callers) std::this_thread::yield();
}

/// Callers that came in this order while the turn was taken; the result of each.
class Callers {
 public:
  explicit Callers(TurnQueue& queue) : queue_(queue) {}
  /// `in_turn` runs in the caller's own turn.
  template <class Body>
  void add(std::size_t rows, Body in_turn) {
    const std::size_t before = queue_.waiting();
    threads_.emplace_back([this, rows, in_turn, number = threads_.size()] {
      TurnQueue::Place place(rows);
      const bool turn = queue_.enter(place);
      if (turn) in_turn();
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        (turn ? led : served).push_back(number);
      }
      if (turn) queue_.leave();
    });
    wait_for(queue_, before + 1);
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }
  std::vector<std::size_t> led, served;

 private:
  TurnQueue& queue_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("turns come in the order in which they were requested") {
  TurnQueue queue;
  TurnQueue::Place own(0);
  REQUIRE(queue.enter(own));
  Callers callers(queue);
  for (int i = 0; i < 8; ++i) callers.add(0, [] {});
  queue.leave();
  callers.join();
  CHECK(callers.led == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(callers.served.empty());
  TurnQueue::Place again(1);
  CHECK(queue.enter(again));  // the turn is free
  queue.leave();
}

TEST_CASE("whoever has the turn takes out those that fit, first come first, and the others keep their places") {
  TurnQueue queue;
  TurnQueue::Place own(1);
  REQUIRE(queue.enter(own));
  Callers callers(queue);
  for (const std::size_t rows : {1, 0, 3, 9, 2, 1, 1}) callers.add(rows, [] {});
  std::array<TurnQueue::Place*, 16> taken;
  CHECK(queue.take(0, taken) == 0);
  REQUIRE(queue.take(7, taken) == 4);  // 1 + 3 + 2 + 1: 0 wants a turn, 9 is too large, the last 1 too many
  CHECK(taken[0]->rows() == 1);
  CHECK(taken[1]->rows() == 3);
  CHECK(taken[2]->rows() == 2);
  CHECK(taken[3]->rows() == 1);
  CHECK(queue.waiting() == 3);
  CHECK(queue.take(5, std::span(taken).subspan(4, 0)) == 0);
  REQUIRE(queue.take(5, std::span(taken).subspan(4, 3)) == 1);
  queue.done(std::span(taken).first(5));
  queue.leave();
  callers.join();
  CHECK(callers.led == std::vector<std::size_t>{1, 3});
  CHECK(callers.served.size() == 5);
  CHECK(queue.waiting() == 0);
}

TEST_CASE("who comes after all that waited were taken waits, too, and gets the next turn") {
  TurnQueue queue;
  TurnQueue::Place own(1);
  REQUIRE(queue.enter(own));
  Callers callers(queue);
  for (int i = 0; i < 3; ++i) callers.add(1, [] {});
  std::array<TurnQueue::Place*, 16> taken;
  REQUIRE(queue.take(15, taken) == 3);
  callers.add(1, [] {});
  callers.add(0, [] {});
  queue.done(std::span(taken).first(3));
  queue.leave();
  callers.join();
  CHECK(callers.led == std::vector<std::size_t>{3, 4});
  CHECK(callers.served.size() == 3);
}

TEST_CASE("one caller at a time, and each has its turn, whoever takes whom") {
  TurnQueue queue;
  int inside = 0, max = 0;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 500; ++turn) {
        TurnQueue::Place place(static_cast<std::size_t>((turn + i) % 3));
        if (queue.enter(place)) {
          max = std::max(max, ++inside);
          std::array<TurnQueue::Place*, 2> taken;
          queue.done(std::span(taken).first(queue.take(3, taken)));
          --inside;
          queue.leave();
        }
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(max == 1);
  CHECK(done == 2000);
  CHECK(queue.waiting() == 0);
}

#if !BRIM_THREAD_SANITIZER

TEST_CASE("in a forked child the queue is empty and the turn is free") {
  TurnQueue queue;
  TurnQueue::Place own(1);
  REQUIRE(queue.enter(own));
  Callers callers(queue);
  for (int i = 0; i < 3; ++i) callers.add(1, [] {});
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);  // ends the child if it would wait for ever
    std::atomic<int> turns{0};
    const auto use = [&] {
      for (int i = 0; i < 100; ++i) {
        TurnQueue::Place place(0);
        if (queue.enter(place)) ++turns;
        queue.leave();
      }
    };
    std::thread second(use), third(use);
    use();
    second.join();
    third.join();
    ::_exit(turns == 300 && queue.waiting() == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  queue.leave();
  callers.join();
  CHECK(callers.led == std::vector<std::size_t>{0, 1, 2});
}

#endif
