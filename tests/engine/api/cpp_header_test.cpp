// brim.hpp where programs use it in unexpected ways: callbacks that throw or replace themselves, texts with NUL,
// objects that were moved from. What the engine does is tested through the C interface.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "brim/brim.hpp"
#include "tests/support/tiny_file.hpp"

namespace {

using namespace std::string_literals;

using brim::test::TinyFile;

const std::string kLong(2000, 'a');

struct Mine {};

/// The status that `body` fails with; BRIM_OK when it does not fail.
template <class Body>
brim_status status_of(Body&& body) {
  try {
    body();
  } catch (const brim::Exception& failure) {
    CHECK(std::string_view(failure.what()) != "");
    return failure.status();
  }
  return BRIM_OK;
}

template <class T>
concept IteratesWhenTemporary = requires(T session) {
  std::move(session).pieces();
};

}  // namespace

TEST_CASE("what a progress function throws ends the call, which throws it, once") {
  const TinyFile file;
  CHECK_THROWS_AS(brim::Model::load(file.path, {}, [](std::int64_t, std::int64_t) -> bool { throw Mine(); }), Mine);
  const brim::Model model = brim::Model::load(file.path);
  const auto broken = [](std::int64_t, std::int64_t) -> bool { throw Mine(); };
  CHECK_THROWS_AS(brim::Session(model, {{"kv.budget", "full"}}, broken), Mine);
  brim::Session session(model, {{"kv.budget", "full"}});
  session.save(file.folder.path + "/saved");
  CHECK_THROWS_AS(brim::Session::restore(model, file.folder.path + "/saved", {}, broken), Mine);
  session.on_progress(broken);
  CHECK_THROWS_AS(session.append(kLong), Mine);
  CHECK_THROWS_AS(session.message("user", kLong), Mine);
  session.on_progress({});
  session.append(kLong);
  session.on_progress([](std::int64_t, std::int64_t) { return false; });
  CHECK(status_of([&] { session.append(kLong); }) == BRIM_CANCELLED);
}

TEST_CASE("what a log function throws ends nothing") {
  const TinyFile file;
  int calls = 0;
  const brim::Model model = brim::Model::load(file.path, {}, {}, [&](brim_log_level, std::string_view) {
    ++calls;
    throw Mine();
  });
  CHECK(calls > 0);
  CHECK(model.info().layers > 0);
}

TEST_CASE("a progress function may replace itself") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path);
  brim::Session session(model, {{"kv.budget", "full"}});
  std::vector<int> calls;
  session.on_progress([&, kept = std::string(1000, 'k')](std::int64_t, std::int64_t) {
    session.on_progress([&](std::int64_t, std::int64_t) { return calls.push_back(2), true; });
    calls.push_back(kept == std::string(1000, 'k') ? 1 : -1);  // the function object is still intact
    return true;
  });
  session.append(kLong);
  REQUIRE(calls.size() > 1);
  CHECK(calls[0] == 1);
  for (std::size_t i = 1; i < calls.size(); ++i) CHECK(calls[i] == 2);
}

TEST_CASE("a text with NUL is refused where it would be cut, and whole where it has a size") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path);
  brim::Session session(model, {{"kv.budget", "full"}, {"chat.template", "chatml"}});
  brim::Options options;
  const std::string evil = file.path + "\0evil"s, saved = file.folder.path + "/saved";
  CHECK(status_of([&] { brim::Model::load(evil); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { brim::plan(evil); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.save(saved + "\0evil"s); }) == BRIM_INVALID_ARGUMENT);
  CHECK_FALSE(std::filesystem::exists(saved));
  session.save(saved);
  CHECK(status_of([&] { brim::Session::restore(model, saved + "\0evil"s); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { options.set("seed\0"s, "1"); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { options.set("system", "a\0b"s); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.set("limit", "1\0002"s); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.set("limit\0"s, "1"); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.unset("stop\0"s); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.option("stop\0"s); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.message("user\0"s, "text"); }) == BRIM_INVALID_ARGUMENT);
  const std::string text = "cat\0dog"s;
  CHECK(model.detokenize(model.tokenize(text, false, false)) == text);
  session.message("user", text);
  CHECK(session.messages().find("cat\\u0000dog") != std::string::npos);
  CHECK(status_of([&] { session.append(std::string_view()); }) == BRIM_OK);
}

TEST_CASE("a model that fails to load leaves no log function behind in its options") {
  const TinyFile file;
  const brim::Options options{{"threads", "1"}};
  int calls = 0;
  const auto count = [&](brim_log_level, std::string_view) { ++calls; };
  CHECK(status_of([&] { brim::Model::load(file.path + "\0"s, options, {}, count); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { brim::Model::load(file.path + ".none", options, {}, count); }) == BRIM_IO);
  CHECK_THROWS_AS(brim::Model::load(
                      file.path, options, [](std::int64_t, std::int64_t) -> bool { throw Mine(); }, count),
                  Mine);
  calls = 0;
  const brim::Model model = brim::Model::load(file.path, options);
  CHECK(calls == 0);
}

TEST_CASE("objects that were moved from fail with a sentence, and hold nothing") {
  const TinyFile file;
  brim::Model first = brim::Model::load(file.path), second = brim::Model::load(file.path);
  brim::Session session(first, {{"kv.budget", "full"}});
  brim::Options options{{"kv.budget", "full"}};

  second = std::move(first);
  CHECK(first.get() == nullptr);
  CHECK(status_of([&] { first.info(); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { first.tokenize("a", false, false); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { first.detokenize({1}); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { brim::Session none(first); }) == BRIM_INVALID_ARGUMENT);
  CHECK(second.info().layers > 0);

  const brim::Options taken = std::move(options);
  CHECK(status_of([&] { brim::Session none(second, options); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { brim::Model::load(file.path, options); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { options.set("limit", "1"); }) == BRIM_INVALID_ARGUMENT);

  int calls = 0;
  session.on_progress([&](std::int64_t, std::int64_t) { return ++calls, true; });
  brim::Session other = std::move(session);
  other.append(kLong);
  CHECK(calls > 0);
  session.cancel();
  CHECK(session.describe().empty());
  CHECK(status_of([&] { session.append("a"); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.next(); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.stats(); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] { session.fork(); }) == BRIM_INVALID_ARGUMENT);
  CHECK(status_of([&] {
          for (const std::string_view piece : session.pieces()) (void)piece;
        }) == BRIM_INVALID_ARGUMENT);
  session = brim::Session(second, taken);
  session.append("a");
}

TEST_CASE("the pieces of a temporary session do not compile") { CHECK_FALSE(IteratesWhenTemporary<brim::Session>); }
