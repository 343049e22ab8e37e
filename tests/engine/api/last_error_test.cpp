// The sentence of each thread's last error: kept without allocating, cut at the end of a character, for any number of
// threads.
#include "engine/api/last_error.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/allocation_count.hpp"
#include "tests/support/thread_sanitizer.hpp"

using brim::api::keep_sentence;
using brim::api::kMaxSentenceBytes;
using brim::api::last_sentence;

TEST_CASE("each thread has its own sentence; one that has not failed has none") {
  keep_sentence(BRIM_IO, "this thread's");
  std::string before, after;
  std::thread([&] {
    before = last_sentence();
    keep_sentence(BRIM_BAD_FILE, "another one's");
    after = last_sentence();
  }).join();
  CHECK(before.empty());
  CHECK(after == "another one's");
  CHECK(std::string(last_sentence()) == "this thread's");
}

TEST_CASE("keeping a sentence allocates nothing, also on a fresh thread") {
  std::size_t allocated = 1;
  std::thread([&] {
    const std::size_t before = brim::test::allocation_count();
    keep_sentence(BRIM_IO, "a sentence that is much longer than a short string can be without allocating");
    allocated = brim::test::allocation_count() - before;
  }).join();
  CHECK(allocated == 0);
}

TEST_CASE("a long sentence is cut where a character ends") {
  const std::string fits(kMaxSentenceBytes, 'x');
  keep_sentence(BRIM_IO, fits.c_str());
  CHECK(last_sentence() == fits);
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(shift, 'x');
    while (text.size() <= kMaxSentenceBytes) text += "\xF0\x9F\x90\x88";
    keep_sentence(BRIM_IO, text.c_str());
    const std::string kept = last_sentence();
    CHECK(kept.size() <= kMaxSentenceBytes);
    CHECK(kept.size() > kMaxSentenceBytes - 8);
    REQUIRE(kept.ends_with("…"));
    CHECK((kept.size() - 3 - shift) % 4 == 0);
    CHECK(text.starts_with(kept.substr(0, kept.size() - 3)));
  }
}

TEST_CASE("what was handed out can be handed in") {
  keep_sentence(BRIM_IO, "the first sentence");
  keep_sentence(BRIM_IO, last_sentence());
  CHECK(std::string(last_sentence()) == "the first sentence");
  keep_sentence(BRIM_IO, last_sentence() + 4);
  CHECK(std::string(last_sentence()) == "first sentence");
}

TEST_CASE("thousands of threads, one after another, each with its sentence") {
  for (int i = 0; i < 2000; ++i) {
    const std::string sentence = "of thread " + std::to_string(i);
    std::string found;
    std::thread([&] {
      keep_sentence(BRIM_IO, sentence.c_str());
      found = last_sentence();
    }).join();
    REQUIRE(found == sentence);
  }
}

TEST_CASE("more threads alive than there is room for: each has its sentence or a general one, never another's") {
  constexpr int kThreads = 600;
  std::vector<std::string> found(kThreads);
  std::atomic<int> failed{0};
  std::atomic<bool> ending{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      keep_sentence(BRIM_OUT_OF_MEMORY, ("of thread " + std::to_string(i)).c_str());
      failed.fetch_add(1);
      failed.notify_all();
      ending.wait(false);
      found[static_cast<std::size_t>(i)] = last_sentence();
    });
  }
  for (int seen = failed.load(); seen < kThreads; seen = failed.load()) failed.wait(seen);
  ending.store(true);
  ending.notify_all();
  for (std::thread& thread : threads) thread.join();
  int own = 0;
  for (int i = 0; i < kThreads; ++i) {
    const std::string& sentence = found[static_cast<std::size_t>(i)];
    if (sentence == "of thread " + std::to_string(i)) {
      ++own;
    } else {
      REQUIRE(sentence.starts_with("there is not enough memory"));
    }
  }
  CHECK(own >= 200);
  std::string later;
  std::thread([&] {
    keep_sentence(BRIM_IO, "afterwards there is room again");
    later = last_sentence();
  }).join();
  CHECK(later == "afterwards there is room again");
}

#if !BRIM_THREAD_SANITIZER
TEST_CASE("a forked child still knows its thread's sentence, and keeps its own from then on") {
  keep_sentence(BRIM_IO, "before the fork");
  const pid_t child = fork();
  if (child == 0) {
    const bool known = std::string(last_sentence()) == "before the fork";
    keep_sentence(BRIM_IO, "in the child");
    _exit(known && std::string(last_sentence()) == "in the child" ? 0 : 1);
  }
  int status = 1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(std::string(last_sentence()) == "before the fork");
}
#endif
