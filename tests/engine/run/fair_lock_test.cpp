#include "engine/run/fair_lock.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/thread_sanitizer.hpp"

using brim::run::FairLock;

TEST_CASE("callers get the lock in the order in which they asked") {
  FairLock lock;
  std::vector<int> order;
  std::vector<std::thread> callers;
  lock.lock();
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      const std::lock_guard<FairLock> held(lock);
      order.push_back(i);
    });
    while (lock.callers() < static_cast<std::uint32_t>(i) + 2) std::this_thread::yield();
  }
  lock.unlock();
  for (std::thread& caller : callers) caller.join();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(lock.callers() == 0);
}

TEST_CASE("one caller at a time") {
  FairLock lock;
  int inside = 0, max = 0, turns = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int turn = 0; turn < 500; ++turn) {
        const std::lock_guard<FairLock> held(lock);
        max = std::max(max, ++inside);
        ++turns;
        --inside;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(max == 1);
  CHECK(turns == 2000);
}

#if !BRIM_THREAD_SANITIZER

TEST_CASE("in a forked child a lock that another thread held is free") {
  FairLock lock;
  std::atomic<bool> held{false}, done{false};
  std::thread other([&] {
    const std::lock_guard<FairLock> own(lock);
    held = true;
    while (!done) std::this_thread::yield();
  });
  while (!held) std::this_thread::yield();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);  // ends the child if it would wait for ever
    const auto use = [&] {
      for (int i = 0; i < 100; ++i) {
        lock.lock();
        lock.unlock();
      }
    };
    std::thread second(use), third(use);
    use();
    second.join();
    third.join();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  done = true;
  other.join();
  CHECK(lock.callers() == 0);
}

#endif
