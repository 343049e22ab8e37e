// Stop strings that change in the middle of an answer: no text is lost, and none is given twice.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "engine/template/messages_json.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;
using generate::End;
using generate::Session;
using generate::SessionOptions;

namespace {

std::unique_ptr<Session> open(const std::shared_ptr<const model::Model>& model, std::vector<std::string> stops) {
  SessionOptions options;
  options.sequence.threads = 1;
  options.sampling.temperature = 0;
  options.chat_template = "chatml";
  options.ignore_end_tokens = true;
  options.stops = std::move(stops);
  auto session = Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  REQUIRE((*session)->message("user", "tell me about the dog"));
  return std::move(*session);
}

struct Said {
  std::string text;
  std::int32_t id = 0;
  End end = End::not_yet;
};

Said pieces(Session& session, int count) {
  Said said;
  for (int i = 0; i < count && said.end == End::not_yet; ++i) {
    const auto piece = session.next();
    if (!piece) FAIL(piece.error().sentence);
    said.text += piece->text;
    said.id = piece->id;
    said.end = piece->end;
  }
  return said;
}

constexpr int kTokens = 30;

}  // namespace

TEST_CASE("what was held back comes when the stop strings change") {
  const auto model = test::tiny_model();
  const auto plain = open(model, {});
  std::string whole = pieces(*plain, kTokens).text;
  whole += plain->finish().text;
  REQUIRE(whole.size() > 20);
  // Each holds back the text after `begin` and is never complete.
  for (std::size_t begin = 0; begin + 8 < whole.size(); begin += 3) {
    const std::string holding = whole.substr(begin, 8) + "\x01";
    for (int changed = 1; changed < kTokens; ++changed) {
      for (const std::vector<std::string>& next :
           {std::vector<std::string>{}, {"\x01"}, {holding}, {holding, "\x02"}}) {
        const auto session = open(model, {holding});
        std::string text = pieces(*session, changed).text;
        session->set_stops({"something else"});
        session->set_stops(next);
        text += pieces(*session, kTokens - changed).text;
        text += session->finish().text;
        REQUIRE(text == whole);
        CHECK(session->messages() == plain->messages());
      }
    }
  }
}

TEST_CASE("a new stop string that is complete in what was held back ends the answer at once") {
  const auto model = test::tiny_model();
  const auto plain = open(model, {});
  const std::string whole = pieces(*plain, kTokens).text;
  int ended = 0;
  for (int changed = 1; changed < kTokens; ++changed) {
    const auto session = open(model, {whole.substr(0, 12) + "\x01"});
    const std::string before = pieces(*session, changed).text;
    if (!before.empty()) break;  // longer text is not held back
    const std::string held(session->fork().value()->finish().text);
    if (held.size() < 4) continue;
    session->set_stops({held.substr(2, 2)});
    const Said said = pieces(*session, 1);
    CHECK(said.end == End::stop_string);
    CHECK(said.id == -1);
    CHECK(said.text == held.substr(0, held.find(held.substr(2, 2))));
    std::string answer = "\"content\": ";
    templates::append_quoted(answer, said.text);
    CHECK(session->messages().find(answer) != std::string::npos);
    ++ended;
  }
  CHECK(ended > 0);
}

TEST_CASE("an answer that a stop string ended stays ended until the stop strings change") {
  const auto model = test::tiny_model();
  const auto plain = open(model, {});
  const std::string whole = pieces(*plain, kTokens).text;
  const auto session = open(model, {whole.substr(5, 2)});
  CHECK(pieces(*session, kTokens).end == End::stop_string);
  const std::int64_t generated = session->timings().generated_tokens;
  const Said again = pieces(*session, 1);
  CHECK(again.end == End::stop_string);
  CHECK(again.id == -1);
  CHECK(again.text.empty());
  CHECK(session->timings().generated_tokens == generated);
  session->set_stops({});
  CHECK(pieces(*session, 1).end == End::not_yet);
}

TEST_CASE("a copy made while changed stop strings wait goes on alike") {
  const auto model = test::tiny_model();
  const auto plain = open(model, {});
  std::string whole = pieces(*plain, kTokens).text;
  whole += plain->finish().text;
  const auto session = open(model, {whole.substr(0, 12) + "\x01"});
  std::string text = pieces(*session, 6).text;
  session->set_stops({whole.substr(2, 12) + "\x01"});
  auto copy = session->fork();
  REQUIRE(copy);
  std::string other = text;
  other += pieces(**copy, kTokens - 6).text;
  other += (*copy)->finish().text;
  text += pieces(*session, kTokens - 6).text;
  text += session->finish().text;
  CHECK(text == whole);
  CHECK(other == whole);
}
