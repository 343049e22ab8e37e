// The session is created; then the rest of its process takes all memory that is left. The session continues: answers
// need no further memory, and messages use the memory that was kept spare for them.
#include <brim/brim.h>
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/memory/long_chat.hpp"

namespace {

using brim::test::ChatModelFile;

std::size_t address_space() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  if (file == nullptr || std::fscanf(file, "%lu", &pages) != 1) pages = 0;
  if (file != nullptr) std::fclose(file);
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Without stdio, which allocates.
[[noreturn]] void give_up(const char* where, int turn) {
  static char line[1024];
  const int size = std::snprintf(line, sizeof line, "%s, turn %d: %s\n", where, turn, brim_last_error());
  (void)!::write(STDERR_FILENO, line, static_cast<std::size_t>(size));
  ::_exit(1);
}

void take_all_memory() {
  const std::size_t now = address_space();
  const struct rlimit limit { now, now };
  if (now == 0 || ::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(3);
  for (std::size_t size = std::size_t{1} << 20; size >= 16; size /= 2) {
    for (;;) {
      void* volatile taken = std::malloc(size);
      if (taken == nullptr) break;
    }
  }
}

void answer(brim_session* session, int turn, int tokens) {
  brim_piece piece{};
  for (int i = 0; i < tokens; ++i) {
    piece.size = sizeof piece;
    if (brim_session_next(session, &piece) != BRIM_OK) give_up("next", turn);
    if (piece.end != 0) return;
  }
}

// Longer than the part of an answer that is kept: half of 128 KiB.
void long_answer(brim_session* session) {
  brim_piece piece{};
  for (std::size_t bytes = 0; bytes < (std::size_t{70} << 10); bytes += piece.text_size) {
    piece.size = sizeof piece;
    if (brim_session_next(session, &piece) != BRIM_OK || piece.end != 0) give_up("a long answer", 40);
  }
}

// A session of this model whose process then has no memory left.
brim_session* session_without_memory(const std::string& path, const char* threads) {
  brim_model* model = nullptr;
  brim_session* session = nullptr;
  brim_options *for_model = nullptr, *options = brim::test::chat_options();
  brim_options_create(&for_model);
  brim_options_set(for_model, "threads", threads);
  brim_options_set(options, "stop.ignore_eos", "1");
  if (brim_model_load(path.c_str(), for_model, nullptr, nullptr, &model) != BRIM_OK) give_up("load", 0);
  if (brim_session_create(model, options, &session) != BRIM_OK) give_up("create", 0);
  take_all_memory();
  return session;
}

[[noreturn]] void chat_without_memory(const std::string& path, const char* threads) {
  brim_session* session = session_without_memory(path, threads);
  const std::string small = "and you?";  // stored without an allocation
  for (int turn = 0; turn < 40; ++turn) {
    if (brim_session_message(session, "user", small.data(), small.size()) != BRIM_OK) give_up("message", turn);
    answer(session, turn, 60);
    if (turn % 5 == 1 && brim_session_regenerate(session) != BRIM_OK) give_up("regenerate", turn);
    answer(session, turn, 10);
    if (turn % 7 == 3 && brim_session_append(session, small.data(), small.size(), 0, 0) != BRIM_OK)
      give_up("append", turn);
    answer(session, turn, 10);
    const int32_t id = 300;
    if (turn % 7 == 5 && brim_session_append_ids(session, &id, 1) != BRIM_OK) give_up("append_ids", turn);
    answer(session, turn, 10);
    if (turn % 11 == 10 && brim_session_set(session, "stop", "nothing like it") != BRIM_OK) give_up("set", turn);
  }
  if (brim_session_unset(session, "stop") != BRIM_OK || brim_session_set(session, "limit", "1000000") != BRIM_OK)
    give_up("set", 40);
  long_answer(session);
  if (brim_session_message(session, "user", small.data(), small.size()) != BRIM_OK) give_up("message", 40);
  answer(session, 40, 60);
  const std::string saved = path + ".session";
  if (brim_session_save(session, saved.c_str()) != BRIM_OK) give_up("save", 40);
  (void)::unlink(saved.c_str());
  if (brim_session_clear(session) != BRIM_OK) give_up("clear", 0);
  if (brim_session_message(session, "user", small.data(), small.size()) != BRIM_OK) give_up("message", 41);
  answer(session, 41, 60);
  ::_exit(0);
}

// A message that is almost as large as the text that a conversation keeps, from one kind of text.
[[noreturn]] void long_message_without_memory(const std::string& path, std::string_view unit) {
  std::string text;
  while (text.size() < (std::size_t{120} << 10)) text += unit;
  brim_session* session = session_without_memory(path, "1");
  if (brim_session_message(session, "user", text.data(), text.size()) != BRIM_OK) give_up("a long message", 0);
  answer(session, 0, 4);
  ::_exit(0);
}

int exit_status(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a message as long as all that is kept, where the process has no memory left") {
  for (const bool byte_pairs : {false, true}) {
    const ChatModelFile file(byte_pairs);
    // Words; one word that merges; spaces; another script; the text of a control token.
    for (const std::string unit : {"the dog was on the cat and ", "th", " x", "日", byte_pairs ? "<|start|>" : "<s>"}) {
      CAPTURE(byte_pairs);
      CAPTURE(unit);
      const pid_t child = ::fork();
      if (child == 0) long_message_without_memory(file.path, unit);
      CHECK(exit_status(child) == 0);
    }
  }
}

TEST_CASE("a session goes on where its process has no memory left") {
  const ChatModelFile file;
  for (const char* threads : {"1", "2"}) {
    CAPTURE(threads);
    const pid_t child = ::fork();
    if (child == 0) chat_without_memory(file.path, threads);
    CHECK(exit_status(child) == 0);
  }
}
