// What `brim serve` sends: responses as bytes, errors, streams of events in their order, and the counters.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/serve/answer_body.hpp"
#include "apps/serve/endpoints.hpp"
#include "apps/serve/engine_failures.hpp"
#include "apps/serve/families/families.hpp"
#include "apps/serve/metrics.hpp"
#include "apps/serve/response.hpp"

namespace serve_replies {

using namespace brim::apps::serve;
using brim::Session;
using ParsedJson = nlohmann::json;

AnswerShape shape(bool chat, bool stream, bool usage) {
  const AnswerFamily* const family = family_of(chat ? "/v1/chat/completions" : "/v1/completions");
  return {family, stream, usage, "id-1", "tiny", 1700000000, 42, 1024};
}
AnswerPiece piece(const std::string& text, std::int64_t generated, Session::End end = Session::End::not_yet) {
  AnswerPiece made;
  made.text = text;
  made.end = end;
  made.prompt_tokens = 5;
  made.cached_tokens = 3;
  made.generated_tokens = generated;
  return made;
}
AnswerPiece failure(brim_status status, const std::string& sentence) {
  AnswerPiece made;
  made.status = status;
  made.text = sentence;
  return made;
}

/// The data of every event, without "data: ".
std::vector<std::string> data_of(const std::string& events) {
  std::vector<std::string> data;
  for (std::size_t at = 0; at < events.size();) {
    const std::size_t end = events.find("\n\n", at);
    REQUIRE(end != std::string::npos);
    const std::string event = events.substr(at, end - at);
    REQUIRE(event.starts_with("data: "));
    data.push_back(event.substr(6));
    at = end + 2;
  }
  return data;
}

std::string header_of(const Reply& reply, const std::string& name) {
  for (const Header& header : reply.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

}  // namespace serve_replies

using namespace serve_replies;

TEST_CASE("a response has its length, and its body only where it may have one") {
  Reply reply;
  reply.body = "{}\n";
  reply.headers = {{"Brim-Ignored", "a"}};
  const std::string text = whole_response(reply, true);
  CHECK(text.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"));
  CHECK(text.find("\r\nBrim-Ignored: a\r\nConnection: keep-alive\r\n\r\n") != std::string::npos);
  CHECK(text.ends_with("\r\n\r\n{}\n"));
  CHECK(whole_response(reply, false).find("Connection: close") != std::string::npos);
  const std::string head = whole_response(reply, true, true);
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(head.find("Content-Length: 3") != std::string::npos);
  reply.status = 204;
  CHECK(whole_response(reply, true).find("Content-") == whole_response(reply, true).find("Content-Type-Options"));
  CHECK(whole_response(reply, true).ends_with("\r\n\r\n"));
}

TEST_CASE("streams are chunks for HTTP/1.1, and end with the connection for HTTP/1.0") {
  CHECK(stream_piece("0123456789abcdef", true) == "10\r\n0123456789abcdef\r\n");
  CHECK(stream_piece("abc", false) == "abc");
  CHECK(stream_piece("", true) == "");  // an empty chunk would end the stream
  CHECK(stream_end(true) == "0\r\n\r\n");
  CHECK(stream_end(false) == "");
  CHECK(stream_head(kEventStream, {}, true, true).find("Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n") !=
        std::string::npos);
  const std::string old = stream_head("application/x-ndjson", {}, true, false);
  CHECK(old.find("chunked") == std::string::npos);
  CHECK(old.find("Connection: close") != std::string::npos);
  CHECK(old.find("X-Accel-Buffering: no") != std::string::npos);
  CHECK(old.find("Content-Type: application/x-ndjson\r\n") != std::string::npos);
  CHECK(event_text("{}") == "data: {}\n\n");
  CHECK(event_text("{}", "error") == "event: error\ndata: {}\n\n");
}

TEST_CASE("an error has OpenAI's form and says whether to try again") {
  const Reply wrong = error_reply(Refusal(400, "n: expected 1", "n", "invalid_value"));
  const ParsedJson error = ParsedJson::parse(wrong.body).at("error");
  CHECK(error.at("message") == "n: expected 1");
  CHECK(error.at("type") == "invalid_request_error");
  CHECK(error.at("param") == "n");
  CHECK(error.at("code") == "invalid_value");
  CHECK(header_of(wrong, "x-should-retry") == "false");
  const Reply full = error_reply(refusal_of(BRIM_WRONG_STATE, "the queue is full"));
  CHECK(full.status == 429);
  CHECK(header_of(full, "Retry-After") == "1");
  CHECK(header_of(full, "x-should-retry") == "");
  const Reply memory = error_reply(refusal_of(BRIM_OUT_OF_MEMORY, "5 MiB are missing"));
  CHECK(memory.status == 503);
  CHECK(header_of(memory, "x-should-retry") == "false");
  CHECK(memory.body.find("5 MiB are missing") != std::string::npos);
  CHECK(refusal_of(BRIM_CANCELLED, "").status == 504);
  CHECK(refusal_of(BRIM_UNSUPPORTED, "a").status == 400);
  const Reply inside = error_reply(refusal_of(BRIM_IO, "/home/me/model.gguf cannot be read"));
  CHECK(inside.status == 500);
  CHECK(inside.body.find("/home") == std::string::npos);
  CHECK(header_of(error_reply(Refusal(401, "a")), "WWW-Authenticate") == "Bearer");
  CHECK(ParsedJson::parse(error_reply(Refusal(404, "\xff")).body).at("error").at("param").is_null());
}

TEST_CASE("a chat is streamed as role, texts, the reason of its end, usage and the end mark") {
  AnswerBody body(shape(true, true, true));
  std::string events = body.begin();
  events += body.add(piece("Hel", 1));
  CHECK(body.add(piece("", 2)) == "");
  events += body.add(piece("lo", 3, Session::End::stop_string));
  const std::vector<std::string> data = data_of(events);
  REQUIRE(data.size() == 6);
  const auto choice = [&](std::size_t i) { return ParsedJson::parse(data[i]).at("choices").at(0); };
  CHECK(choice(0).at("delta") == ParsedJson({{"role", "assistant"}, {"content", ""}}));
  CHECK(choice(1).at("delta") == ParsedJson({{"content", "Hel"}}));
  CHECK(choice(1).at("finish_reason").is_null());
  CHECK(choice(2).at("delta") == ParsedJson({{"content", "lo"}}));
  CHECK(choice(3).at("delta") == ParsedJson::object());
  CHECK(choice(3).at("finish_reason") == "stop");
  for (std::size_t i = 0; i < 5; ++i) {
    const ParsedJson event = ParsedJson::parse(data[i]);
    CHECK(event.at("id") == "id-1");
    CHECK(event.at("object") == "chat.completion.chunk");
    CHECK(event.at("usage").is_null() == (i < 4));
  }
  const ParsedJson last = ParsedJson::parse(data[4]);
  CHECK(last.at("choices").empty());
  CHECK(last.at("usage").at("prompt_tokens") == 5);
  CHECK(last.at("usage").at("completion_tokens") == 3);
  CHECK(last.at("usage").at("total_tokens") == 8);
  CHECK(last.at("usage").at("prompt_tokens_details").at("cached_tokens") == 3);
  CHECK(data[5] == "[DONE]");
  CHECK(!body.failed());
}

TEST_CASE("a stream without usage has no event with empty choices, and a completion has texts") {
  AnswerBody body(shape(false, true, false));
  CHECK(body.begin() == "");
  const std::vector<std::string> data = data_of(body.add(piece("a", 1, Session::End::limit)));
  REQUIRE(data.size() == 3);
  const ParsedJson first = ParsedJson::parse(data[0]);
  CHECK(first.at("object") == "text_completion");
  CHECK(first.at("choices").at(0).at("text") == "a");
  CHECK(!first.contains("usage"));
  CHECK(ParsedJson::parse(data[1]).at("choices").at(0).at("finish_reason") == "length");
  CHECK(data[2] == "[DONE]");
}

TEST_CASE("a failure in a stream is an event of its own, without the end mark") {
  AnswerBody body(shape(true, true, true));
  (void)body.add(piece("a", 1));
  const std::string events = body.add(failure(BRIM_OUT_OF_MEMORY, "no memory"));
  CHECK(events.starts_with("event: error\ndata: {\"type\":\"error\",\"error\":{"));
  CHECK(events.find("no memory") != std::string::npos);
  CHECK(events.find("[DONE]") == std::string::npos);
  CHECK(body.failed());
}

TEST_CASE("an answer that is sent whole has its text, reason and usage") {
  AnswerBody body(shape(true, false, false));
  CHECK(body.add(piece("Hel", 1)) == "");
  CHECK(body.add(piece("lo", 2, Session::End::end_token)) == "");
  const ParsedJson answer = ParsedJson::parse(body.whole().body);
  CHECK(answer.at("object") == "chat.completion");
  CHECK(answer.at("created") == 1700000000);
  CHECK(answer.at("choices").at(0).at("message").at("content") == "Hello");
  CHECK(answer.at("choices").at(0).at("finish_reason") == "stop");
  CHECK(answer.at("usage").at("brim").at("seed") == 42);
  AnswerBody text(shape(false, false, false));
  (void)text.add(piece("x", 1, Session::End::limit));
  CHECK(ParsedJson::parse(text.whole().body).at("choices").at(0).at("text") == "x");
  AnswerBody failed(shape(true, false, false));
  (void)failed.add(failure(BRIM_CANCELLED, ""));
  CHECK(failed.whole().status == 504);
}

TEST_CASE("counters have a kind, a help and a value each") {
  brim_scheduler_stats stats{};
  stats.seats = 2;
  stats.kv_budget_bytes = 1000;
  stats.finished = 7;
  const std::string text = metrics_text(stats, 99);
  CHECK(text.starts_with("# HELP brim_seats "));
  CHECK(text.find("# TYPE brim_requests_finished_total counter\nbrim_requests_finished_total 7\n") !=
        std::string::npos);
  CHECK(text.find("\nbrim_kv_budget_bytes 2000\n") != std::string::npos);
  CHECK(text.ends_with("brim_weight_bytes 99\n"));
  const std::string both = metrics_text({{"a", stats, 1}, {"b\"\\\n", stats, 2}});
  CHECK(both.find("gauge\nbrim_seats{model=\"a\"} 2\nbrim_seats{model=\"b\\\"\\\\\\n\"} 2\n# HELP ") !=
        std::string::npos);
  CHECK(both.ends_with("brim_weight_bytes{model=\"a\"} 1\nbrim_weight_bytes{model=\"b\\\"\\\\\\n\"} 2\n"));
}

TEST_CASE("paths are found with their method, and names in them decoded once") {
  CHECK_NOTHROW(Endpoints::check("GET", "/health"));
  CHECK_NOTHROW(Endpoints::check("HEAD", "/v1/models"));
  CHECK_NOTHROW(Endpoints::check("GET", "/v1/models/a%2Fb"));
  const auto status = [](const char* method, const char* path) {
    try {
      Endpoints::check(method, path);
    } catch (const Refusal& refusal) {
      return refusal.status;
    }
    return 0;
  };
  CHECK(status("GET", "/") == 404);
  CHECK(status("GET", "/v1/chat/completions") == 405);
  CHECK(status("POST", "/health") == 405);
  CHECK(status("POST", "/v1/chat/completions/") == 404);
  for (const char* path : {"/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/v1/rerank", "/api/chat",
                           "/api/generate", "/api/show"}) {
    CAPTURE(path);
    CHECK(status("POST", path) == 0);
    CHECK(status("GET", path) == 405);
  }
  for (const char* path : {"/v1/plan", "/api/version", "/api/tags", "/api/ps"}) {
    CAPTURE(path);
    CHECK(status("GET", path) == 0);
    CHECK(status("POST", path) == 405);
  }
  CHECK(percent_decoded("a%2Fb%41c") == "a/bAc");
  CHECK(percent_decoded("%252F") == "%2F");
  CHECK(query_value("a=1&model=t%69ny&model=x", "model") == "tiny");
  CHECK(query_value("models=1&model", "model") == "");
  CHECK(query_value("", "model") == "");
  for (const char* wrong : {"%", "%2", "%zz", "a%4", "%00"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS((void)percent_decoded(wrong), Refusal);
  }
}
