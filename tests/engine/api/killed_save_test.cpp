// A program that is killed while it saves: at any moment, the file has the complete old session or the complete new
// one, and temporary files are removed by the next save.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "brim/brim.hpp"
#include "tests/support/random.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

constexpr int kKills = 200;
constexpr std::chrono::seconds kEnough{20};  // on a slow disk, fewer kills are enough

/// Temporary files of killed writers next to `file`; any other file except the model is a failure.
int left_in_folder(const std::string& folder, const std::string& file) {
  int left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string path = entry.path();
    const bool temporary = path.starts_with(file + ".part-");
    REQUIRE((temporary || path == folder + "/model.gguf" || path == file));
    left += temporary ? 1 : 0;
  }
  return left;
}

/// Makes the system kill this process in `nanoseconds`.
void die_in(long nanoseconds) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_nsec = nanoseconds;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &when, nullptr) != 0) _exit(3);
}

/// What a child does: it saves one session and the other under the same name until it is killed. Returns how it ended.
int save_until_killed(const brim::Session& one, const brim::Session& other, const std::string& file, long nanoseconds) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    die_in(nanoseconds);
    for (;;) {
      if (brim_session_save(one.get(), file.c_str()) != BRIM_OK) _exit(1);
      if (brim_session_save(other.get(), file.c_str()) != BRIM_OK) _exit(2);
    }
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("after a kill at any moment the name stands for one whole session") {
  const brim::test::ScratchFolder scratch;
  const std::string folder = scratch.path, file = folder + "/session";
  brim::test::write_tiny_model(folder + "/model.gguf", {});
  const brim::Model model = brim::Model::load(folder + "/model.gguf", {{"threads", "1"}});
  const brim::Options options{{"kv.budget", "full"}, {"temperature", "0"}, {"stop.ignore_eos", "1"}};
  brim::Session one(model, options), other(model, options);
  one.append(std::string(200, 'a'));
  other.append("something that is much shorter");
  const std::map<std::int64_t, std::vector<float>> logits{{one.stats().tokens, one.logits()},
                                                          {other.stats().tokens, other.logits()}};
  REQUIRE(logits.size() == 2);
  // A child lives for up to three saves, however fast this disk is.
  const auto start = std::chrono::steady_clock::now();
  one.save(file);
  other.save(file);
  const long both = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
  long longest = std::clamp(both / 2 * 3, 1'000'000L, 999'000'000L);

  std::map<std::int64_t, int> found;
  brim::test::Random random(1);
  const auto seen_enough = [&] { return found.size() == 2 && std::chrono::steady_clock::now() - start > kEnough; };
  for (int kill = 0; kill < kKills && !seen_enough(); ++kill) {
    const int status = save_until_killed(one, other, file, random.pick(1, longest));
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    brim::Session restored = brim::Session::restore(model, file);
    const auto expected = logits.find(restored.stats().tokens);
    REQUIRE(expected != logits.end());
    REQUIRE(restored.logits() == expected->second);
    ++found[expected->first];
    // Where other programs slow the child down, it does not come that far.
    if (found.size() < 2 && kill % 8 == 7) longest = std::min(2 * longest, 999'000'000L);
    REQUIRE(left_in_folder(folder, file) <= 1);  // each save begins by removing the previous one's file
  }
  CHECK(found.size() == 2);  // else nothing was tested
  one.save(file);
  CHECK(left_in_folder(folder, file) == 0);
}
