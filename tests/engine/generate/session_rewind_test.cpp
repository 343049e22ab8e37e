// Going back in a session: exact where it is possible, and refused with a sentence, with nothing changed, where it is
// not.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;
using generate::Session;
using generate::SessionOptions;

namespace {

std::unique_ptr<Session> open(const std::string& budget) {
  SessionOptions options;
  options.sequence.threads = 2;
  options.sequence.budget = *kv::parse_budget(budget);
  options.sampling.temperature = 0;
  options.ignore_end_tokens = true;
  options.chat_template = "chatml";
  auto session = Session::create(test::tiny_model(), options);
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

std::vector<std::int32_t> ids_of(Session& session, int count) {
  std::vector<std::int32_t> ids;
  for (int i = 0; i < count; ++i) {
    const auto piece = session.next();
    if (!piece) FAIL(piece.error().sentence);
    ids.push_back(piece->id);
  }
  return ids;
}

}  // namespace

TEST_CASE("what follows a rewind is what followed the tokens before it") {
  const auto session = open("full");
  const auto ids = test::some_ids(120);
  const std::span<const std::int32_t> all(ids);
  REQUIRE(session->append(all.first(80)));
  REQUIRE(session->append(all.subspan(80, 1)));
  const auto expected = ids_of(*session, 10);
  for (int round = 0; round < 3; ++round) {
    REQUIRE(session->rewind(80));
    CHECK(session->sequence().tokens() == 80);
    // No token has been processed since: there is nothing to continue.
    CHECK(session->next().error().code == ErrorCode::wrong_state);
    // A detour, of a different length each time, leaves no trace.
    REQUIRE(session->append(all.subspan(90, static_cast<std::size_t>(1 + 9 * round))));
    ids_of(*session, 3 * round);
    REQUIRE(session->rewind(80));
    REQUIRE(session->append(all.subspan(80, 1)));
    CHECK(ids_of(*session, 10) == expected);
  }
}

TEST_CASE("a rewind to nothing begins again, and counts outside the text are refused") {
  const auto session = open("full");
  REQUIRE(session->append(test::some_ids(20)));
  const auto expected = ids_of(*session, 5);
  CHECK(session->rewind(-1).error().code == ErrorCode::invalid_argument);
  CHECK(session->rewind(1000).error().code == ErrorCode::invalid_argument);
  REQUIRE(session->rewind(0));
  CHECK(session->sequence().tokens() == 0);
  REQUIRE(session->append(test::some_ids(20)));
  CHECK(ids_of(*session, 5) == expected);
}

TEST_CASE("after an eviction going back is refused and the session goes on as if it had not been asked for") {
  const auto session = open("30%"), other = open("30%");
  for (Session* each : {session.get(), other.get()}) REQUIRE(each->append(test::some_ids(200)));
  REQUIRE(session->sequence().cache().evicted() > 0);
  const Status status = session->rewind(20);
  REQUIRE(!status);
  CHECK(status.error().code == ErrorCode::wrong_state);
  CHECK(status.error().sentence.find("token 20") != std::string::npos);
  CHECK(ids_of(*session, 12) == ids_of(*other, 12));
}

TEST_CASE("a conversation goes on after a rewind: the next message processes what was dropped") {
  const auto session = open("full"), fresh = open("full");
  REQUIRE(session->message("user", "hello"));
  ids_of(*session, 4);
  session->finish();
  REQUIRE(fresh->load_messages(session->messages()));
  REQUIRE(session->rewind(3));
  for (Session* each : {session.get(), fresh.get()}) REQUIRE(each->message("user", "and now"));
  CHECK(session->sequence().tokens() == fresh->sequence().tokens());
  CHECK(ids_of(*session, 6) == ids_of(*fresh, 6));
}
