// Copying, saving and restoring sessions through the C++ header, and sessions that share a pool of KV memory.
#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "brim/brim.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

struct Folder : brim::test::ScratchFolder {
  std::string model = path + "/model.gguf", file = path + "/session";
  Folder() { brim::test::write_tiny_model(model, {}); }
};

const brim::Options kOptions{{"kv.budget", "40%"},     {"kv.keep", "tova"},         {"seed", "5"},
                             {"stop.ignore_eos", "1"}, {"chat.template", "chatml"}, {"stop", "qqqq"},
                             {"logit_bias", "300-1"}};

std::string said(brim::Session& session, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += session.next().text;
  return text;
}

/// The status and the sentence of a call that fails.
template <class Call>
std::pair<brim_status, std::string> failure(Call call) {
  try {
    call();
  } catch (const brim::Exception& thrown) {
    return {thrown.status(), thrown.what()};
  }
  return {BRIM_OK, ""};
}

}  // namespace

TEST_CASE("a restored session needs no options, and goes on as the saved one and its copy do") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  brim::Session session(model, kOptions);
  session.set("temperature", "1.3");
  session.set("temperature", "1.1");
  session.set("stop", "wwww");
  session.message("user", std::string(300, 'a') + " the cat");
  said(session, 5);
  session.save(folder.file);
  brim::Session copy = session.fork();
  const std::string expected = said(session, 20);
  CHECK(said(copy, 20) == expected);
  for (int i = 0; i < 2; ++i) {
    brim::Session restored = brim::Session::restore(model, folder.file);
    CHECK(restored.describe() == session.describe());
    CHECK(said(restored, 20) == expected);
    CHECK(restored.messages() == session.messages());
    restored.save(folder.file + "2");  // the restored options can be saved again
    brim::Session again = brim::Session::restore(model, folder.file + "2");
    CHECK(said(again, 10) == said(restored, 10));
  }
  CHECK(!std::filesystem::exists(folder.file + ".part"));
}

TEST_CASE("options given when restoring replace saved ones; memory has to be as it was") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  brim::Session session(model, kOptions);
  session.append("the cat and the dog");
  session.save(folder.file);
  brim::Session shorter = brim::Session::restore(model, folder.file, {{"limit", "3"}, {"temperature", "0"}});
  int pieces = 0;
  for (const auto piece : shorter.pieces()) pieces += piece.size() < 100 ? 1 : 0;
  CHECK(pieces == 4);  // the last one only ends the answer
  CHECK(brim::Session::restore(model, folder.file, {{"kv.budget", "40%"}}).stats().tokens == session.stats().tokens);
  const auto [status, sentence] = failure([&] { brim::Session::restore(model, folder.file, {{"kv.budget", "60%"}}); });
  CHECK(status == BRIM_BAD_FILE);
  CHECK(sentence.find(folder.file + " cannot be restored: KV memory, ") == 0);
  // Another format of the entries changes the budget's bytes too: the sentence says the cause.
  const auto other = failure([&] { brim::Session::restore(model, folder.file, {{"kv.type", "q8_0"}}); });
  CHECK(other.first == BRIM_BAD_FILE);
  CHECK_MESSAGE(other.second.find("storage") != std::string::npos, other.second);
  CHECK(other.second.find("q8_0") != std::string::npos);
  CHECK(failure([&] {
          brim::Session::restore(model, folder.file, {{"colour", "red"}});
        }).first == BRIM_INVALID_ARGUMENT);
  CHECK(failure([&] { brim::Session::restore(model, folder.path + "/none"); }).first == BRIM_IO);
  CHECK(failure([&] { brim::Session::restore(model, folder.model); }).first == BRIM_BAD_FILE);
  CHECK(failure([&] { session.save(""); }).first == BRIM_INVALID_ARGUMENT);
  CHECK(failure([&] { session.save(folder.path + "/none/session"); }).first == BRIM_IO);
}

TEST_CASE("a callback can neither copy nor save") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  brim::Session session(model, kOptions);
  brim_status copied = BRIM_OK, saved = BRIM_OK;
  session.on_progress([&](std::int64_t, std::int64_t) {
    brim_session* copy = nullptr;
    copied = brim_session_fork(session.get(), &copy);
    saved = brim_session_save(session.get(), folder.file.c_str());
    return true;
  });
  session.append(std::string(200, 'a'));
  CHECK(copied == BRIM_WRONG_STATE);
  CHECK(saved == BRIM_WRONG_STATE);
  CHECK(!std::filesystem::exists(folder.file));
}

TEST_CASE("a session is written for its owner alone, and through nothing that stands beside its name") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  brim::Session session(model, kOptions);
  session.append("the cat");
  std::ofstream(folder.path + "/other") << "precious";
  std::filesystem::create_hard_link(folder.path + "/other", folder.file + ".part");
  session.save(folder.file);
  CHECK(std::filesystem::file_size(folder.path + "/other") == 8);
  CHECK(std::filesystem::status(folder.file).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(brim::Session::restore(model, folder.file).stats().tokens == session.stats().tokens);
}

TEST_CASE("a session does not replace the model it is of, under whatever name") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  const auto size = std::filesystem::file_size(folder.model);
  brim::Session session(model, kOptions);
  std::filesystem::create_symlink(folder.model, folder.path + "/link");
  std::filesystem::create_hard_link(folder.model, folder.path + "/hard");
  for (const std::string& path : {folder.model, folder.path + "/link", folder.path + "/hard"}) {
    const auto [status, sentence] = failure([&] { session.save(path); });
    CHECK(status == BRIM_INVALID_ARGUMENT);
    CHECK(sentence.find("is the model's own file") != std::string::npos);
  }
  CHECK(std::filesystem::file_size(folder.model) == size);
}

TEST_CASE("sessions of one model share its pool: what does not fit is refused with the numbers, and given back") {
  const Folder folder;
  const brim::Options budget{{"kv.budget", "100KiB"}};
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}, {"kv.pool", "250KiB"}});
  brim::Session first(model, budget);
  {
    brim::Session second = first.fork();
    for (int i = 0; i < 2; ++i) {
      const auto [status, sentence] = i == 0 ? failure([&] { brim::Session(model, budget); })
                                             : failure([&] { brim::Session copy = second.fork(); });
      CHECK(status == BRIM_OUT_OF_MEMORY);
      for (const char* part : {"102400 bytes", "256000 bytes", "204800 bytes", "2 sessions"}) {
        CAPTURE(part);
        CHECK(sentence.find(part) != std::string::npos);
      }
    }
    // An automatic budget takes the memory that is left, or reports what is missing.
    const auto [status, sentence] = failure([&] {
      brim::Session rest(model);
      CHECK(rest.stats().kv_budget_bytes <= 256000 - 204800);
    });
    if (status != BRIM_OK) CHECK(sentence.find("256000 bytes") != std::string::npos);
  }
  brim::Session second(model, budget);
  second.append("the cat");
  second.save(folder.file);
  CHECK(failure([&] { brim::Session::restore(model, folder.file); }).first == BRIM_OUT_OF_MEMORY);
  const brim::Model other = brim::Model::load(folder.model, {{"threads", "2"}});
  CHECK(brim::Session::restore(other, folder.file).stats().kv_budget_bytes == 102400);
  CHECK(brim::plan(folder.model, {{"kv.pool", "200KiB"}}).kv_budget_bytes <= 204800);
  CHECK(failure([&] { brim::Model::load(folder.model, {{"kv.pool", "much"}}); }).first == BRIM_INVALID_ARGUMENT);
}
