// Calls that change a session and find no memory: the session is then exactly as before, down to the bytes that it is
// saved as, and its options are unchanged.
#include <doctest/doctest.h>
#include <brim/brim.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/allocation_count.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

struct Folder : brim::test::ScratchFolder {
  std::string model = path + "/model.gguf", file = path + "/session";
  Folder() { brim::test::write_tiny_model(model, {}); }
};

const std::string kLong(100, 's');  // longer than a string stores without allocating

std::string saved(const brim::Session& session, const std::string& path) {
  REQUIRE(brim_session_save(session.get(), path.c_str()) == BRIM_OK);
  return brim::test::file_content(path);
}

// Allocation 0, 1, 2, … of the call fails, alone and with all that follow, until the call makes no more allocations;
// after each failed call the session is unchanged.
void check_each(const Folder& folder, brim::Session& session, const std::function<brim_status()>& call,
                const std::function<void()>& undo) {
  std::string before = saved(session, folder.file);
  long failures = 0;
  for (const bool all_that_follow : {true, false}) {
    for (long index = 0;; ++index) {
      CAPTURE(index);
      CAPTURE(all_that_follow);
      brim::test::fail_new(index, all_that_follow);
      const brim_status status = call();
      const bool failed = brim::test::new_failed();
      if (status == BRIM_OK) {
        undo();
        before = saved(session, folder.file);
      } else {
        REQUIRE(status == BRIM_OUT_OF_MEMORY);
        ++failures;
        REQUIRE(saved(session, folder.file) == before);
      }
      if (!failed) break;
    }
  }
  if (brim::test::allocation_count() > 0) CHECK(failures > 0);
}

}  // namespace

TEST_CASE("an option that cannot be set for want of memory is as it was, and so is the session") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "1"}});
  for (const auto& option :
       std::vector<std::pair<std::string, std::string>>{{"stop", kLong},
                                                        {"system", kLong},
                                                        {"logit_bias", "300-1.00000000000000000000000"},
                                                        {"temperature", "1.5"},
                                                        {"dry_multiplier", "0.800000000000000000000000"},
                                                        {"limit", "0000000000000000000000000000100"},
                                                        {"stop.ignore_eos", "1"},
                                                        {"max_message_bytes", "1MiB"},
                                                        {"seed", "7"}}) {
    const std::string &key = option.first, &value = option.second;  // clang 14 captures no structured bindings
    CAPTURE(key);
    const auto open = [&] {
      brim::Session session(model, {{"chat.template", "chatml"},
                                    {"stop", (kLong + "x").c_str()},
                                    {"logit_bias", "301-1"},
                                    {"temperature", "1.25"}});
      session.message("user", "the cat");
      for (int i = 0; i < 5; ++i) session.next();
      return session;
    };
    brim::Session session = open();
    // A successful call is checked on a separate session, because not everything can be undone.
    check_each(
        folder, session, [&] { return brim_session_set(session.get(), key.c_str(), value.c_str()); },
        [&] { session = open(); });
    REQUIRE(brim_session_set(session.get(), key.c_str(), value.c_str()) == BRIM_OK);
  }
}

TEST_CASE("options that cannot be removed for want of memory stay") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "1"}});
  for (const char* key : {"stop", "logit_bias"}) {
    CAPTURE(key);
    const auto open = [&] {
      brim::Session session(
          model, {{"stop", kLong.c_str()}, {"stop", "q"}, {"logit_bias", "301-1"}, {"dry_multiplier", "0.8"}});
      session.append("the cat");
      for (int i = 0; i < 5; ++i) session.next();
      return session;
    };
    brim::Session session = open();
    check_each(
        folder, session, [&] { return brim_session_unset(session.get(), key); }, [&] { session = open(); });
  }
}

TEST_CASE("clearing without memory for the system message fails, and clears nothing") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "1"}});
  const auto open = [&] {
    brim::Session session(model, {{"chat.template", "chatml"}, {"system", kLong.c_str()}});
    session.message("user", "the cat");
    session.next();
    return session;
  };
  brim::Session session = open();
  check_each(
      folder, session, [&] { return brim_session_clear(session.get()); },
      [&] {
        CHECK(session.messages().find(kLong) != std::string::npos);
        session = open();
      });
}
