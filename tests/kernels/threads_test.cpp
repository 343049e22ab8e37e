// The thread pool: every chunk runs exactly once, whatever the counts; callers side by side, nested, of several pools,
// and after a fork. Compiled a second time against the OpenMP implementation of platform/threads.hpp.
#include <doctest/doctest.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kernels/threads.hpp"
#include "platform/threads.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/thread_sanitizer.hpp"

using brim::kernels::for_chunks;
using brim::kernels::ThreadPool;
using brim::kernels::Threads;

namespace {

/// Whether each of `chunks` ran once, on a worker below the count, and no worker ran on two threads at once.
bool each_once(Threads threads, std::int64_t chunks) {
  std::vector<std::atomic<int>> runs(static_cast<std::size_t>(chunks));
  std::vector<std::atomic<int>> at_work(static_cast<std::size_t>(threads.count));
  std::atomic<bool> workers_fit{true};
  for_chunks(threads, chunks, [&](std::int64_t chunk, int worker) {
    if (worker < 0 || worker >= threads.count || at_work[static_cast<std::size_t>(worker)].fetch_add(1) != 0) {
      workers_fit = false;
      return;
    }
    runs[static_cast<std::size_t>(chunk)].fetch_add(1);
    at_work[static_cast<std::size_t>(worker)].fetch_sub(1);
  });
  for (const std::atomic<int>& count : runs) {
    if (count.load() != 1) return false;
  }
  return workers_fit;
}

/// Makes every thread of the pool, including the caller's, call visit(worker) once, all at the same time.
template <class Visit>
void on_each_thread(ThreadPool& pool, Visit&& visit) {
  std::atomic<int> arrived{0};
  for_chunks(pool, pool.threads(), [&](std::int64_t, int worker) {
    visit(worker);
    arrived.fetch_add(1);
    while (arrived.load() < pool.threads()) sched_yield();
  });
}

/// Runs `work` in a forked child, which is killed when it does not end; returns whether `work` returned true.
template <class Work>
bool in_child(Work&& work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(work() ? 0 : 1);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

TEST_CASE("every chunk runs exactly once") {
  ThreadPool pool(8);
  REQUIRE(pool.threads() == 8);
  CHECK(pool.failure() == 0);
  for (int threads : {1, 2, 3, 5, 2, 8, 1}) {
    for (std::int64_t chunks : {0, 1, 2, 3, 7, 100, 1000}) {
      CAPTURE(threads);
      CAPTURE(chunks);
      REQUIRE(each_once({pool, threads}, chunks));
    }
  }
  for (int i = 0; i < 2000; ++i) REQUIRE(each_once({pool, 2 + i % 3}, 1 + i % 5));
}

TEST_CASE("what a chunk wrote is there when the call returns") {
  ThreadPool pool(4);
  std::vector<std::int64_t> written(64);
  for (std::int64_t round = 0; round < 500; ++round) {
    for_chunks(pool, 64,
               [&](std::int64_t chunk, int) { written[static_cast<std::size_t>(chunk)] = round * 64 + chunk; });
    for (std::int64_t chunk = 0; chunk < 64; ++chunk)
      REQUIRE(written[static_cast<std::size_t>(chunk)] == round * 64 + chunk);
  }
}

TEST_CASE("a call waits for members still inside a chunk") {
  ThreadPool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::vector<int> written(3);
    for_chunks(pool, 3, [&](std::int64_t chunk, int worker) {
      std::this_thread::sleep_for(std::chrono::milliseconds(worker == 0 ? 1 : 8));
      written[static_cast<std::size_t>(chunk)] = 1;
    });
    REQUIRE(written == std::vector<int>{1, 1, 1});
  }
}

TEST_CASE("callers from several threads, and calls within chunks") {
  ThreadPool pool(3);
  std::atomic<int> failures{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        if (!each_once(pool, 20)) ++failures;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for_chunks(pool, 6, [&](std::int64_t, int) {
    if (!each_once(pool, 10)) ++failures;
  });
  CHECK(failures.load() == 0);
}

TEST_CASE("pools of different sizes, in turn, side by side and within each other's chunks") {
  ThreadPool two(2), five(5);
  for (int round = 0; round < 200; ++round) {
    REQUIRE(each_once(two, 7));
    REQUIRE(each_once(five, 11));
  }
  std::atomic<int> failures{0};
  std::vector<std::thread> callers;
  for (ThreadPool* pool : {&two, &five, &two, &five}) {
    callers.emplace_back([&failures, pool] {
      for (int round = 0; round < 200; ++round) {
        if (!each_once(*pool, 20)) ++failures;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for_chunks(two, 6, [&](std::int64_t, int) {
    if (!each_once(five, 10)) ++failures;
  });
  CHECK(failures.load() == 0);
}

TEST_CASE("one pool works at a time: a caller that finds another one at work does its chunks alone") {
  ThreadPool two(2), three(3);
  on_each_thread(two, [&](int worker) {
    if (worker != 0) return;
    std::set<std::thread::id> seen;
    for_chunks(three, 50, [&](std::int64_t, int inner) {
      CHECK(inner == 0);
      seen.insert(std::this_thread::get_id());
    });
    CHECK(seen == std::set{std::this_thread::get_id()});
  });
  std::atomic<int> seen{0};
  on_each_thread(three, [&](int) { ++seen; });  // afterwards the pool has its helpers again
  CHECK(seen.load() == 3);
}

TEST_CASE("a pool that ends takes its helpers along; many can be made one after another") {
  for (int round = 0; round < 100; ++round) {
    ThreadPool pool(1 + round % 4);
    REQUIRE(each_once(pool, round % 3 * 4));
  }
}

TEST_CASE("working with a pool allocates nothing") {
  ThreadPool pool(3);
  std::atomic<std::int64_t> sum{0};
  const std::size_t before = brim::test::allocation_count();
  for (int round = 0; round < 100; ++round) {
    for_chunks(pool, 30, [&](std::int64_t chunk, int) { sum += chunk; });
  }
  CHECK(brim::test::allocation_count() == before);
  CHECK(sum.load() == 100 * 435);
}

TEST_CASE("no signal is delivered to a helper, and creating helpers leaves the caller's signals as they were") {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  ThreadPool pool(4);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  std::array<std::atomic<int>, 4> blocked{};
  on_each_thread(pool, [&](int worker) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE, SIGWINCH, SIGPROF}) {
      blocked[static_cast<std::size_t>(worker)] += sigismember(&mask, signal);
    }
  });
  for (std::size_t worker = 1; worker < blocked.size(); ++worker) CHECK(blocked[worker].load() == 10);
  for (int signal = 1; signal < SIGRTMIN; ++signal) CHECK(sigismember(&before, signal) == sigismember(&after, signal));
}

#if !defined(BRIM_TEST_OPENMP)
TEST_CASE("helpers have names and small stacks, which is what a plan counts") {
  ThreadPool pool(3);
  std::array<std::string, 3> names;
  std::array<std::size_t, 3> stacks{};
  on_each_thread(pool, [&](int worker) {
    const auto index = static_cast<std::size_t>(worker);
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    names[index] = name;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    pthread_attr_getstacksize(&attributes, &stacks[index]);
    pthread_attr_destroy(&attributes);
  });
  for (std::size_t worker = 1; worker < names.size(); ++worker) {
    CHECK(names[worker] == "brim-" + std::to_string(worker));
#if !BRIM_THREAD_SANITIZER && !defined(__SANITIZE_ADDRESS__)  // these enlarge stacks
    CHECK(stacks[worker] == brim::platform::kHelperStackBytes);
#endif
  }
  CHECK(brim::kernels::helper_stack_bytes(3) == 2 * brim::platform::kHelperStackBytes);
  CHECK(brim::kernels::helper_stack_bytes(1) == 0);
}
#endif

#if !BRIM_THREAD_SANITIZER
TEST_CASE("a forked child works alone, whatever its parent's threads were doing") {
  ThreadPool pool(3);
  // No thread may be starting, or allocate, when the process forks: the child of an address sanitizer's program would wait
  // for that thread to leave the sanitizer's allocator.
  on_each_thread(pool, [](int) {});
  const auto in_the_child = [&] {
    const bool alone = each_once(pool, 10) && each_once({pool, 2}, 1000);
#if defined(BRIM_TEST_OPENMP)
    return alone;  // an OpenMP runtime does not work in a child
#else
    ThreadPool another(2);
    return alone && another.threads() == 2 && each_once(another, 100);
#endif
  };
  CHECK(in_child(in_the_child));
  std::atomic<bool> ending{false};
  std::atomic<long long> chunks{0}, rounds{0};
  std::thread busy([&] {
    for (; !ending.load(); ++rounds) for_chunks(pool, 20, [&](std::int64_t, int) noexcept { ++chunks; });
  });
  while (rounds.load() == 0) sched_yield();
  for (int i = 0; i < 100; ++i) CHECK(in_child(in_the_child));
  ending.store(true);
  busy.join();
  CHECK(chunks.load() == 20 * rounds.load());
  CHECK(each_once(pool, 10));
}

TEST_CASE("a forked child can end a pool, also from within a chunk") {
  auto pool = std::make_unique<ThreadPool>(3);
  on_each_thread(*pool, [](int) {});
  CHECK(in_child([&] {
    pool.reset();
    return true;
  }));
  // The child continues with the remaining chunks: the chunks that other threads were running are lost, but no thread
  // waits for them.
  std::atomic<int> ended{0};
  for_chunks(*pool, 30, [&](std::int64_t, int worker) {
    while (worker != 0 && ended.load() == 0) sched_yield();
    if (ended.load() != 0) return;
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      ended.store(-1);
      return;
    }
    int status = 1;
    ended.store(child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 1 : 2);
  });
  if (ended.load() == -1) _exit(0);
  CHECK(ended.load() == 1);
}
#endif
