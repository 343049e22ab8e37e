// Several sessions in one call: each gets what it would get alone, an error of one session affects only that session,
// and misuse does nothing.
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "brim/brim.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

brim::Model tiny(const std::string& folder) {
  const std::string path = folder + "/model.gguf";
  brim::test::TinyModel shape;
  shape.format = brim::quant::Format::q8_0;
  brim::test::write_tiny_model(path, shape);
  return brim::Model::load(path, {{"threads", "2"}});
}

/// Session `number`: its own budget, rule, seed, limit and prompt, with speculation in every third session.
brim::Session talker(const brim::Model& model, int number) {
  static constexpr const char* kRules[] = {"window", "snapkv", "dynsplit", "tova", "distinct"};
  const std::string seed = std::to_string(number), budget = std::to_string(30 + 3 * number) + "%";
  brim::Options options{{"kv.budget", budget.c_str()},
                        {"kv.keep", kRules[number % 5]},
                        {"seed", seed.c_str()},
                        {"stop.ignore_eos", "1"},
                        {"chat.template", "chatml"}};
  if (number % 3 == 0) options.set("spec.type", "ngram");
  if (number % 5 == 4) options.set("limit", "6");
  brim::Session session(model, options);
  session.message("user", std::string(static_cast<std::size_t>(40 + 10 * number), static_cast<char>('a' + number)));
  return session;
}

struct Together {
  std::vector<brim_session*> raw;
  std::vector<brim_piece> pieces;
  explicit Together(std::vector<brim::Session>& sessions) {
    for (brim::Session& session : sessions) raw.push_back(session.get());
    pieces.resize(raw.size());
  }
  brim_status next() {
    pieces[0].size = sizeof(brim_piece);
    return brim_sessions_next(raw.data(), raw.size(), pieces.data());
  }
};

}  // namespace

TEST_CASE("each session says what it says alone") {
  const brim::test::ScratchFolder folder;
  const brim::Model model = tiny(folder.path);
  for (const int count : {1, 2, 7, 16, 21}) {
    CAPTURE(count);
    std::vector<std::string> alone, together(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      brim::Session session = talker(model, i);
      std::string text;
      for (int step = 0; step < 30; ++step) {
        const auto piece = session.next();
        text += std::to_string(piece.id) + ":" + std::string(piece.text) + "/" +
                std::to_string(static_cast<int>(piece.end)) + " ";
      }
      alone.push_back(text);
    }
    std::vector<brim::Session> sessions;
    for (int i = 0; i < count; ++i) sessions.push_back(talker(model, i));
    Together all(sessions);
    for (int step = 0; step < 30; ++step) {
      REQUIRE(all.next() == BRIM_OK);
      for (std::size_t i = 0; i < sessions.size(); ++i) {
        const brim_piece& piece = all.pieces[i];
        REQUIRE(piece.status == BRIM_OK);
        REQUIRE(piece.size == sizeof(brim_piece));
        together[i] += std::to_string(piece.id) + ":" + std::string(piece.text, piece.text_size) + "/" +
                       std::to_string(piece.end) + " ";
      }
    }
    CHECK(together == alone);
  }
}

TEST_CASE("a session that is cancelled fails alone, and goes on where it was") {
  const brim::test::ScratchFolder folder;
  const brim::Model model = tiny(folder.path);
  std::vector<brim::Session> sessions, twins;
  for (int i = 0; i < 3; ++i) {
    sessions.push_back(talker(model, i));
    twins.push_back(talker(model, i));
  }
  Together all(sessions);
  std::vector<std::string> said(3), expected(3);
  for (int step = 0; step < 12; ++step) {
    if (step == 5) sessions[1].cancel();
    REQUIRE(all.next() == BRIM_OK);
    for (std::size_t i = 0; i < 3; ++i) {
      const bool cancelled = step == 5 && i == 1;
      CHECK(all.pieces[i].status == (cancelled ? BRIM_CANCELLED : BRIM_OK));
      if (cancelled) {
        CHECK(all.pieces[i].id == -1);
        CHECK(std::string(all.pieces[i].text, all.pieces[i].text_size).find("cancel") != std::string::npos);
      } else {
        said[i] += std::string(all.pieces[i].text, all.pieces[i].text_size);
        expected[i] += std::string(twins[i].next().text);
      }
    }
  }
  CHECK(said == expected);
}

TEST_CASE("a session that has read nothing fails alone") {
  const brim::test::ScratchFolder folder;
  const brim::Model model = tiny(folder.path);
  std::vector<brim::Session> sessions;
  sessions.emplace_back(model);
  sessions.push_back(talker(model, 1));
  Together all(sessions);
  REQUIRE(all.next() == BRIM_OK);
  CHECK(all.pieces[0].status == BRIM_WRONG_STATE);
  CHECK(all.pieces[0].text_size > 0);
  CHECK(all.pieces[1].status == BRIM_OK);
}

TEST_CASE("misuse is refused with a sentence, and nothing is done") {
  const brim::test::ScratchFolder folder;
  const brim::Model model = tiny(folder.path), other = tiny(folder.path);
  std::vector<brim::Session> sessions;
  for (int i = 0; i < 2; ++i) sessions.push_back(talker(model, i));
  sessions.push_back(talker(other, 2));
  Together all(sessions);
  const auto refused = [&](std::vector<brim_session*> raw, brim_status status, const char* why) {
    const std::int64_t before = sessions[0].stats().generated_tokens;
    all.pieces[0].size = sizeof(brim_piece);
    CHECK(brim_sessions_next(raw.data(), raw.size(), all.pieces.data()) == status);
    CHECK(std::string(brim_last_error()).find(why) != std::string::npos);
    CHECK(sessions[0].stats().generated_tokens == before);
  };
  refused({all.raw[0], all.raw[1], all.raw[0]}, BRIM_INVALID_ARGUMENT, "sessions[2] is sessions[0]");
  refused({all.raw[0], nullptr}, BRIM_INVALID_ARGUMENT, "sessions[1] is NULL");
  refused({all.raw[0], all.raw[2]}, BRIM_INVALID_ARGUMENT, "another model");
  CHECK(brim_sessions_next(nullptr, 1, all.pieces.data()) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_sessions_next(all.raw.data(), 1, nullptr) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_sessions_next(nullptr, 0, nullptr) == BRIM_OK);
  all.pieces[0].size = sizeof(brim_piece) - 1;
  CHECK(brim_sessions_next(all.raw.data(), 1, all.pieces.data()) == BRIM_INVALID_ARGUMENT);
  // What was taken is given back: the sessions still work.
  all.pieces[0].size = sizeof(brim_piece);
  CHECK(brim_sessions_next(all.raw.data(), 2, all.pieces.data()) == BRIM_OK);
}

TEST_CASE("pieces lie as far apart as the first one's size says") {
  const brim::test::ScratchFolder folder;
  const brim::Model model = tiny(folder.path);
  std::vector<brim::Session> sessions;
  for (int i = 0; i < 2; ++i) sessions.push_back(talker(model, i));
  Together all(sessions);
  struct Wide {
    brim_piece piece;
    char more[24];
  } wide[2]{};
  wide[0].piece.size = sizeof(Wide);
  wide[1].more[0] = 'x';
  REQUIRE(brim_sessions_next(all.raw.data(), 2, &wide[0].piece) == BRIM_OK);
  for (const Wide& one : wide) CHECK(one.piece.size == sizeof(Wide));
  CHECK(wide[1].piece.text != nullptr);
  CHECK(wide[1].more[0] == 'x');
}

TEST_CASE("the C++ interface gives pieces, and sentences where there are none") {
  const brim::test::ScratchFolder folder;
  const brim::Model model = tiny(folder.path);
  brim::Session talking = talker(model, 1), twin = talker(model, 1), empty(model);
  const auto outcomes = brim::Session::next_together({&talking, &empty});
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].status == BRIM_OK);
  CHECK(outcomes[0].piece.id == twin.next().id);
  CHECK(outcomes[1].status == BRIM_WRONG_STATE);
  CHECK(!outcomes[1].error.empty());
  CHECK(brim::Session::next_together({}).empty());
  CHECK_THROWS_AS(brim::Session::next_together({&talking, &talking}), brim::Exception);
}

TEST_CASE("nothing is allocated for a token") {
  const brim::test::ScratchFolder folder;
  const brim::Model model = tiny(folder.path);
  std::vector<brim::Session> sessions;
  for (int i = 1; i < 9; ++i) sessions.push_back(talker(model, i));
  Together all(sessions);
  for (int step = 0; step < 5; ++step) REQUIRE(all.next() == BRIM_OK);
  const std::size_t before = brim::test::allocation_count();
  for (int step = 0; step < 20; ++step) {
    if (all.next() != BRIM_OK) FAIL("a step failed");
  }
  CHECK(brim::test::allocation_count() == before);
}
