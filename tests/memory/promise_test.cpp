// The promise of a session, under limits that the system enforces: it takes what the plan says, from its creation
// through a chat far longer than its budget. Nothing fails once it is created.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include "platform/linux/system_text.hpp"
#include "tests/memory/long_chat.hpp"
#include "tests/support/tiny_deepseek2.hpp"
#include "tests/support/tiny_gemma4.hpp"
#include "tests/support/tiny_recurrent.hpp"

namespace {

constexpr int kNoLimit = 3;  ///< a child's exit code: the limit could not be set

std::int64_t status_bytes(const char* name) {
  return static_cast<std::int64_t>(
             brim::named_number(brim::read_text("/proc/self/status").value_or(""), name).value_or(0)) *
         1024;
}

// Prints where a child is and why it cannot continue.
[[noreturn]] void give_up(const char* where, int turn) {
  std::fprintf(stderr, "%s, turn %d: %s\n", where, turn, brim_last_error());
  std::fflush(stderr);
  ::_exit(1);
}

constexpr int kLongChat = 250;  ///< turns after which the first ones have been dropped

/// A budget (null: that of the chat's options), the number of turns, and how many bytes are allowed beyond a plan where a
/// twentieth of the plan is less.
struct Chat {
  const char* budget = nullptr;
  int turns = kLongChat;
  std::int64_t slack = 0;
};

// A model, a limit of what the model and the session's plan take plus the slack, then the session and its chat. For a
// separate process, because `limit` lasts until the process ends.
[[noreturn]] void chat_within(const std::string& path, const std::function<bool(std::int64_t room)>& limit,
                              const Chat& chat = {}) {
  const int turns = chat.turns;
  brim_model* model = nullptr;
  brim_options *threads = nullptr, *options = brim::test::chat_options();
  if (chat.budget != nullptr) brim_options_set(options, "kv.budget", chat.budget);
  brim_options_create(&threads);
  brim_options_set(threads, "threads", "2");
  if (brim_model_load(path.c_str(), threads, nullptr, nullptr, &model) != BRIM_OK) give_up("load", 0);
  brim_plan plan{};
  plan.size = sizeof plan;
  if (brim_plan_get(path.c_str(), threads, options, &plan) != BRIM_OK) give_up("plan", 0);
  const std::int64_t promised = plan.total_bytes - plan.weight_bytes - plan.thread_bytes;
  if (!limit(promised + std::max(promised / 20, chat.slack))) ::_exit(kNoLimit);
  brim_session* session = nullptr;
  if (brim_session_create(model, options, &session) != BRIM_OK) give_up("create", 0);
  for (int turn = 0; turn < turns; ++turn) {
    if (!brim::test::chat_turn(session, turn)) give_up("chat", turn);
  }
  brim_stats stats{};
  stats.size = sizeof stats;
  if (brim_session_stats(session, &stats) != BRIM_OK || stats.kv_peak_bytes > stats.kv_budget_bytes)
    give_up("stats", turns);
  const char* json = nullptr;
  std::size_t size = 0;
  if (brim_session_messages(session, &json, &size) != BRIM_OK ||
      (turns >= kLongChat && std::string_view(json, size).find("turn 0:") != std::string_view::npos)) {
    give_up("the chat is too short to prove anything: it was kept whole", turns);
  }
  brim_session_free(session);
  brim_model_free(model);
  brim_options_free(options);
  brim_options_free(threads);
  ::_exit(0);
}

bool limit_data(std::int64_t room) {
  const auto bytes = static_cast<rlim_t>(status_bytes("VmData:") + room);
  const struct rlimit value { bytes, bytes };
  return ::setrlimit(RLIMIT_DATA, &value) == 0;
}

int exit_code(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A separate control group for this test, if the machine allows creating one; its limit is in `limit_file`.
struct Group {
  std::filesystem::path folder;
  std::string limit_file, usage_file;
  std::error_code failure{};

  Group(const char* parent, const char* limit, const char* usage)
      : folder(std::filesystem::path(parent) / ("brim-promise-" + std::to_string(::getpid()))),
        limit_file((folder / limit).string()),
        usage_file((folder / usage).string()) {
    std::filesystem::create_directory(folder, failure);
  }
  ~Group() { std::filesystem::remove(folder, failure); }
  bool usable() const { return std::filesystem::exists(limit_file) && ::access(limit_file.c_str(), W_OK) == 0; }
  bool write(const std::string& file, std::int64_t value) const {
    std::ofstream out(file);
    out << value << std::flush;
    return out.good();
  }
};

}  // namespace

TEST_CASE("under RLIMIT_DATA a session lives on what its plan said") {
  const brim::test::ChatModelFile file;
  const pid_t child = ::fork();
  if (child == 0) chat_within(file.path, limit_data);
  CHECK(exit_code(child) == 0);
}

TEST_CASE("so do those of models with states, with windows and embeddings for each layer, and with latent vectors") {
  for (const auto& tiny :
       {brim::test::tiny_recurrent("qwen35"), brim::test::tiny_gemma4(), brim::test::tiny_deepseek2()}) {
    CAPTURE(tiny.architecture);
    const brim::test::ChatModelFile file(tiny);
    for (const char* budget : {"full", "60%"}) {
      CAPTURE(budget);
      const pid_t child = ::fork();
      if (child == 0) chat_within(file.path, limit_data, {budget, 40, std::int64_t{8} << 20});
      CHECK(exit_code(child) == 0);
    }
  }
}

TEST_CASE("in a control group, where one can be made, a session lives on what its plan said") {
  const brim::test::ChatModelFile file;
  const Group groups[] = {{"/sys/fs/cgroup", "memory.max", "memory.current"},
                          {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"}};
  const Group* const group =
      std::find_if(std::begin(groups), std::end(groups), [](const Group& one) { return one.usable(); });
  if (group == std::end(groups)) {
    MESSAGE("skipped: no control group with a memory limit can be made here");
    return;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    // Join the group first: memory charged to another group would not count.
    if (!group->write((group->folder / "cgroup.procs").string(), ::getpid())) ::_exit(kNoLimit);
    chat_within(file.path, [&](std::int64_t room) {
      const auto used = brim::read_text(group->usage_file);
      return used && group->write(group->limit_file, std::stoll(*used) + room);
    });
  }
  const int code = exit_code(child);
  if (code == kNoLimit) {
    MESSAGE("skipped: the control group takes no process or no limit");
  } else {
    CHECK(code == 0);
  }
}
