// The thread team: every chunk exactly once, whatever the counts; callers side by side, nested, and after a fork.
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "kernels/threads.hpp"

using brim::kernels::for_chunks;

namespace {

/// Whether each of `chunks` ran once, on a worker below `threads`.
bool each_once(int threads, std::int64_t chunks) {
  std::vector<std::atomic<int>> runs(static_cast<std::size_t>(chunks));
  std::atomic<bool> workers_fit{true};
  for_chunks(threads, chunks, [&](std::int64_t chunk, int worker) {
    runs[static_cast<std::size_t>(chunk)].fetch_add(1);
    if (worker < 0 || worker >= threads) workers_fit = false;
  });
  for (const std::atomic<int>& count : runs) {
    if (count.load() != 1) return false;
  }
  return workers_fit;
}

}  // namespace

TEST_CASE("every chunk runs exactly once") {
  for (int threads : {1, 2, 3, 5, 2, 8, 1}) {
    for (std::int64_t chunks : {0, 1, 2, 3, 7, 100, 1000}) {
      CAPTURE(threads);
      CAPTURE(chunks);
      REQUIRE(each_once(threads, chunks));
    }
  }
  for (int i = 0; i < 2000; ++i) REQUIRE(each_once(2 + i % 3, 1 + i % 5));
}

TEST_CASE("what a chunk wrote is there when the call returns") {
  std::vector<std::int64_t> written(64);
  for (std::int64_t round = 0; round < 500; ++round) {
    for_chunks(4, 64, [&](std::int64_t chunk, int) { written[static_cast<std::size_t>(chunk)] = round * 64 + chunk; });
    for (std::int64_t chunk = 0; chunk < 64; ++chunk) REQUIRE(written[static_cast<std::size_t>(chunk)] == round * 64 + chunk);
  }
}

TEST_CASE("a call waits for members still inside a chunk") {
  for (int round = 0; round < 20; ++round) {
    std::vector<int> written(3);
    for_chunks(3, 3, [&](std::int64_t chunk, int worker) {
      std::this_thread::sleep_for(std::chrono::milliseconds(worker == 0 ? 1 : 8));
      written[static_cast<std::size_t>(chunk)] = 1;
    });
    REQUIRE(written == std::vector<int>{1, 1, 1});
  }
}

TEST_CASE("callers from several threads, and calls within chunks") {
  std::atomic<int> failures{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        if (!each_once(3, 20)) ++failures;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for_chunks(3, 6, [&](std::int64_t, int) {
    if (!each_once(3, 10)) ++failures;
  });
  CHECK(failures.load() == 0);
}

#if !defined(__SANITIZE_THREAD__)
TEST_CASE("a forked child works alone") {
  REQUIRE(each_once(2, 10));
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(each_once(2, 10) && each_once(6, 10) ? 0 : 1);
  int status = 1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
#endif
