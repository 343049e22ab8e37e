// A user who may have no more threads: the model loads, reports it, and answers with the existing threads.
#include <doctest/doctest.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include <brim/brim.h>

#include "tests/memory/long_chat.hpp"

namespace {

constexpr int kCannot = 3;            ///< a child's exit code: it could not be limited
constexpr uid_t kNobodysId = 734211;  ///< a user that has no processes, since these count

/// Other users may read it, unlike a ChatModelFile.
struct ModelFile {
  std::string path = (std::filesystem::temp_directory_path() / ("brim-threads-" + std::to_string(::getpid()))).string();
  ModelFile() { brim::test::write_chat_model(path); }
  ~ModelFile() { std::remove(path.c_str()); }
};

/// Becomes another user, who may have `threads` threads at once.
bool limit_threads(rlim_t threads) {
  const struct rlimit value { threads, threads };
  return ::setgroups(0, nullptr) == 0 && ::setrlimit(RLIMIT_NPROC, &value) == 0 &&
         ::setresgid(kNobodysId, kNobodysId, kNobodysId) == 0 && ::setresuid(kNobodysId, kNobodysId, kNobodysId) == 0;
}

[[noreturn]] void give_up(const char* what, const std::string& found) {
  std::fprintf(stderr, "%s: %s\n", what, found.c_str());
  std::fflush(stderr);
  ::_exit(1);
}

// For a separate process.
[[noreturn]] void chat_with_few_threads(const std::string& path, int granted) {
  if (!limit_threads(static_cast<rlim_t>(granted))) ::_exit(kCannot);
  brim_options *options = nullptr, *wishes = brim::test::chat_options();
  brim_model* model = nullptr;
  brim_session* session = nullptr;
  std::string said;
  brim_options_create(&options);
  brim_options_set(options, "threads", "8");
  brim_options_on_log(
      options,
      [](void* text, brim_log_level level, const char* sentence) {
        if (level == BRIM_LOG_WARNING) static_cast<std::string*>(text)->append(sentence);
      },
      &said);
  if (brim_model_load(path.c_str(), options, nullptr, nullptr, &model) != BRIM_OK) give_up("load", brim_last_error());
  brim_model_info info{};
  info.size = sizeof info;
  brim_model_info_get(model, &info);
  if (info.threads != granted) give_up("threads", std::to_string(info.threads));
  const std::string wanted =
      "8 threads were requested and " + std::to_string(granted) + (granted == 1 ? " works: " : " work: ");
  if (said.find(wanted) != 0) give_up("the log says", said);
  if (brim_session_create(model, wishes, &session) != BRIM_OK) give_up("create", brim_last_error());
  for (int turn = 0; turn < 3; ++turn) {
    if (!brim::test::chat_turn(session, turn)) give_up("chat", brim_last_error());
  }
  brim_session_free(session);
  brim_model_free(model);
  brim_options_free(options);
  brim_options_free(wishes);
  ::_exit(0);
}

}  // namespace

TEST_CASE("under RLIMIT_NPROC a model works with fewer threads") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can become another user, and root has no such limit");
    return;
  }
  const ModelFile file;
  for (const int granted : {1, 3}) {
    const pid_t child = ::fork();
    if (child == 0) chat_with_few_threads(file.path, granted);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kCannot) {
      MESSAGE("skipped: this process may not become another user");
      return;
    }
    CHECK(status == 0);
  }
}
