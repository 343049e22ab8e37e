// Logprobs of `brim serve` beside texts that stop strings held back; and answers that a seat cannot keep.
#include "apps/serve/logprobs.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "apps/serve/answer_body.hpp"
#include "apps/serve/answer_request.hpp"
#include "apps/serve/families/families.hpp"
#include "apps/serve/length_check.hpp"

namespace serve_logprobs {

using namespace brim::apps::serve;
using brim::Session;
using OrderedJson = nlohmann::ordered_json;

PieceLogprobs token(const std::string& bytes) { return {{bytes, -0.5f}, {bytes, -0.5f}, {"other", -2.0f}}; }

std::vector<std::string> tokens_of(const OrderedJson& chat) {
  std::vector<std::string> found;
  if (chat.is_null()) return found;
  for (const OrderedJson& entry : chat.at("content")) found.push_back(entry.at("token").get<std::string>());
  return found;
}

using Texts = std::vector<std::string>;

TEST_CASE("logprobs of text that is held back go out with it") {
  AnswerLogprobs logprobs(true);
  CHECK(tokens_of(logprobs.add(token("a"), {1})) == Texts{"a"});
  CHECK(logprobs.add(token("He"), {0}).is_null());
  const OrderedJson both = logprobs.add(token("y"), {3});
  CHECK(tokens_of(both) == Texts{"He", "y"});
  const OrderedJson& entry = both.at("content").at(0);
  CHECK(entry.at("bytes") == OrderedJson::array({72, 101}));
  CHECK(entry.at("logprob") == -0.5);
  CHECK(entry.at("top_logprobs").size() == 2);
  CHECK(entry.at("top_logprobs").at(1).at("token") == "other");
  CHECK(tokens_of(logprobs.whole()) == Texts{"a", "He", "y"});
}

TEST_CASE("tokens behind the text that a stop string left have no logprobs") {
  AnswerLogprobs logprobs(true);
  CHECK(tokens_of(logprobs.add(token("abX"), {2})) == Texts{"abX"});  // X may begin the stop string
  CHECK(logprobs.add(token("Y"), {0}).is_null());
  CHECK(logprobs.add(token("Z"), {0, true, true, false}).is_null());
  CHECK(tokens_of(logprobs.whole()) == Texts{"abX"});
  AnswerLogprobs other(true);
  CHECK(other.add(token("aX"), {0}).is_null());
  CHECK(tokens_of(other.add(token("XY"), {2, true, true, false})) == Texts{"aX"});  // "aX" remains of "aXXY"
}

TEST_CASE("the token that ends an answer has no logprobs, what waits before it has") {
  AnswerLogprobs logprobs(true);
  CHECK(logprobs.add(token("He"), {0}).is_null());
  CHECK(logprobs.add(token(""), {0}).is_null());  // a control token
  CHECK(tokens_of(logprobs.add(token("</s>"), {2, true, false, true})) == Texts{"He", ""});
  AnswerLogprobs cut(true);
  CHECK(cut.add(token("H"), {0}).is_null());
  CHECK(tokens_of(cut.add({}, {1, true, false, false})) == Texts{"H"});
}

TEST_CASE("logprobs of completions are lists, with places in characters") {
  AnswerLogprobs logprobs(false);
  const OrderedJson first = logprobs.add(token("\xC3\xA9"), {2});
  CHECK(first.at("tokens") == OrderedJson::array({"\xC3\xA9"}));
  CHECK(first.at("text_offset") == OrderedJson::array({0}));
  CHECK(first.at("top_logprobs").at(0).at("other") == -2);
  CHECK(first.at("bytes").at(0) == OrderedJson::array({0xC3, 0xA9}));
  PieceLogprobs never = token("b");
  never[0].logprob = -std::numeric_limits<float>::infinity();
  const OrderedJson second = logprobs.add(never, {1});
  CHECK(second.at("text_offset") == OrderedJson::array({1}));
  CHECK(second.at("token_logprobs") == OrderedJson::array({-9999.0}));
  CHECK(logprobs.whole().at("text_offset") == OrderedJson::array({0, 1}));
}

TEST_CASE("logprobs are in the answer where they were asked for") {
  AnswerShape shape;
  shape.family = family_of("/v1/chat/completions");
  shape.chat = true;
  shape.logprobs = true;
  AnswerPiece piece;
  piece.text = "a";
  piece.logprobs = token("a");
  for (const bool stream : {false, true}) {
    shape.stream = stream;
    AnswerBody body(shape);
    const std::string events = body.add(piece);
    const std::string wanted = R"("logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97],)";
    CHECK((events.find(wanted) != std::string::npos) == stream);
    AnswerPiece last;
    last.end = Session::End::limit;
    (void)body.add(last);
    if (!stream) CHECK(body.whole().body.find(wanted) != std::string::npos);
  }
}

/// The member that the request is refused for; "": none.
std::string refused(bool chat, const std::string& members) {
  try {
    const std::string prompt = chat ? R"({"messages": [{"role": "user", "content": "a"}])" : R"({"prompt": "a")";
    const Json body = parse_body(prompt + members + "}");
    (void)(chat ? read_chat_request(body) : read_completion_request(body));
  } catch (const Refusal& refusal) {
    return refusal.param;
  }
  return "";
}

TEST_CASE("logprobs are requested in two forms") {
  const auto chat = [](const std::string& members) {
    return read_chat_request(parse_body(R"({"messages": [{"role": "user", "content": "a"}])" + members + "}")).logprobs;
  };
  CHECK(!chat(""));
  CHECK(!chat(R"(, "logprobs": false, "top_logprobs": 0)"));
  CHECK(chat(R"(, "logprobs": true)") == 0);
  CHECK(chat(R"(, "logprobs": true, "top_logprobs": 20)") == 20);
  CHECK(refused(true, R"(, "logprobs": true, "top_logprobs": 21)") == "top_logprobs");
  CHECK(refused(true, R"(, "top_logprobs": 2)") == "top_logprobs");
  CHECK(refused(true, R"(, "logprobs": 2)") == "logprobs");
  CHECK(read_completion_request(parse_body(R"({"prompt": "a", "logprobs": 0})")).logprobs == 0);
  CHECK(!read_completion_request(parse_body(R"({"prompt": "a"})")).logprobs);
  CHECK(refused(false, R"(, "logprobs": true)") == "logprobs");
}

TEST_CASE("a prompt and a limit that a seat cannot keep are refused with the numbers, where that is wanted") {
  CHECK(answer_limit(100, {}, {256, 200, false}, "prompt") == 156);
  CHECK(answer_limit(300, {}, {256, 200, false}, "prompt") == 1);
  CHECK(answer_limit(300, 50, {256, 200, false}, "prompt") == 50);
  CHECK(answer_limit(100, {}, {256, 200, true}, "prompt") == 100);
  CHECK(answer_limit(100, 100, {256, 200, true}, "prompt") == 100);
  for (const std::int64_t limit : {101, 1000}) {
    try {
      (void)answer_limit(100, limit, {256, 200, true}, "messages");
      FAIL("it was not refused");
    } catch (const Refusal& refusal) {
      CHECK(refusal.status == 400);
      CHECK(refusal.code == "context_length_exceeded");
      CHECK(refusal.param == "messages");
      CHECK(std::string(refusal.what())
                .find("100 tokens and its answer up to " + std::to_string(limit) +
                      ": a seat of this server keeps 200") != std::string::npos);
    }
  }
  CHECK_THROWS_AS(answer_limit(200, {}, {256, 200, true}, "prompt"), Refusal);
  CHECK_THROWS_AS(check_kept_whole(201, {256, 200, false}, "input"), Refusal);
  check_kept_whole(200, {256, 200, false}, "input");
}

}  // namespace serve_logprobs
