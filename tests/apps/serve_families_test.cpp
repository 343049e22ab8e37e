// What `brim serve` writes for other clients than those of chat completions: the order of a stream's events, whole answers,
// errors, and models, in the form of each family.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/serve/answer_body.hpp"
#include "apps/serve/engine_failures.hpp"
#include "apps/serve/families/families.hpp"
#include "apps/serve/families/ollama.hpp"
#include "apps/serve/families/ollama_models.hpp"

namespace serve_families {

using namespace brim::apps::serve;
using brim::Session;
using Parsed = nlohmann::json;

AnswerShape shape_of(const char* path, bool stream) {
  return {family_of(path), stream, false, "resp_A1", "tiny", 1700000000, 42, 1024};
}
AnswerPiece piece_of(const std::string& text, std::int64_t generated, Session::End end = Session::End::not_yet) {
  AnswerPiece piece;
  piece.text = text;
  piece.end = end;
  piece.prompt_tokens = 5;
  piece.cached_tokens = 3;
  piece.generated_tokens = generated;
  return piece;
}
AnswerPiece failure_of(brim_status status, const std::string& sentence) {
  AnswerPiece piece;
  piece.status = status;
  piece.text = sentence;
  return piece;
}

/// The names and the data of events, each of which has both; of events that follow one another, the same name once.
std::vector<std::pair<std::string, Parsed>> events_of(const std::string& text) {
  std::vector<std::pair<std::string, Parsed>> events;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\n\n", at);
    REQUIRE(end != std::string::npos);
    const std::string event = text.substr(at, end - at);
    const std::size_t data = event.find("\ndata: ");
    REQUIRE(event.starts_with("event: "));
    REQUIRE(data != std::string::npos);
    events.emplace_back(event.substr(7, data - 7), Parsed::parse(event.substr(data + 7)));
    at = end + 2;
  }
  return events;
}
std::vector<std::string> names_of(const std::vector<std::pair<std::string, Parsed>>& events) {
  std::vector<std::string> names;
  for (const auto& event : events) names.push_back(event.first);
  return names;
}
std::vector<Parsed> lines_of(const std::string& text) {
  std::vector<Parsed> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    lines.push_back(Parsed::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

/// All that is sent of an answer "Hello" in two pieces with one without text before and between them.
std::string stream_of(const char* path, Session::End end, const std::string& only_stop = "") {
  AnswerShape shape = shape_of(path, true);
  shape.only_stop = only_stop;
  AnswerBody body(std::move(shape));
  std::string text = body.begin();
  text += body.add(piece_of("", 1));
  text += body.add(piece_of("Hel", 2));
  text += body.add(piece_of("", 3));
  return text + body.add(piece_of("lo", 4, end));
}
Parsed whole_of(const char* path, Session::End end) {
  AnswerShape shape = shape_of(path, false);
  shape.echo = {{"instructions", "be brief"}, {"temperature", 0.5}};
  AnswerBody body(std::move(shape));
  CHECK(body.add(piece_of("Hel", 1)) == "");
  CHECK(body.add(piece_of("lo", 2, end)) == "");
  const Reply reply = body.whole();
  CHECK(reply.status == 200);
  return Parsed::parse(reply.body);
}
std::string failed_stream(const char* path, bool with_text) {
  AnswerBody body(shape_of(path, true));
  std::string text = body.begin();
  if (with_text) text += body.add(piece_of("Hel", 1));
  text += body.add(failure_of(BRIM_OUT_OF_MEMORY, "5 MiB are missing"));
  CHECK(body.failed());
  return text;
}

}  // namespace serve_families

using namespace serve_families;

TEST_CASE("every family has its path, its kind of stream and its form of errors") {
  std::set<std::string_view> paths;
  for (const char* path :
       {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/api/chat", "/api/generate"}) {
    CAPTURE(path);
    const AnswerFamily* const family = family_of(path);
    REQUIRE(family != nullptr);
    CHECK(paths.insert(family->path).second);
    CHECK(&client_of(path) == &family->client);
    const std::string_view type = AnswerBody(shape_of(path, true)).type();
    CHECK((type == "application/x-ndjson") == std::string_view(path).starts_with("/api/"));
  }
  CHECK(family_of("/v1/messages/count_tokens") == nullptr);
  CHECK(family_of("") == nullptr);
  CHECK(&client_of("/v1/messages/count_tokens") == &client_of("/v1/messages"));
  CHECK(&client_of("/api/tags") == &client_of("/api/chat"));
  CHECK(&client_of("/api") == &client_of("/v1/models"));
  CHECK(&client_of("") == &client_of("/v1/responses"));
}

TEST_CASE("what keeps a quiet stream open: a comment, a ping, or nothing") {
  CHECK(AnswerBody(shape_of("/v1/chat/completions", true)).keep_alive() == ": keep-alive\n\n");
  CHECK(AnswerBody(shape_of("/v1/responses", true)).keep_alive() == ": keep-alive\n\n");
  CHECK(AnswerBody(shape_of("/v1/messages", true)).keep_alive() == "event: ping\ndata: {\"type\":\"ping\"}\n\n");
  CHECK(AnswerBody(shape_of("/api/chat", true)).keep_alive() == "");
}

TEST_CASE("errors have the form of the path's client, and the same status and headers") {
  const Refusal wrong(400, "input: expected a string", "input", "invalid_type");
  const auto body = [&](const char* path, const Refusal& refusal) {
    const Reply reply = error_reply(refusal, client_of(path));
    CHECK(reply.status == refusal.status);
    CHECK(reply.headers.size() == error_reply(refusal).headers.size());
    return Parsed::parse(reply.body);
  };
  CHECK(body("/v1/responses", wrong) == Parsed::parse(error_json(wrong)));
  CHECK(body("/api/tags", wrong) == Parsed{{"error", "input: expected a string"}});
  const Parsed message = body("/v1/messages/count_tokens", wrong);
  CHECK(message == Parsed{{"type", "error"},
                          {"error", {{"type", "invalid_request_error"}, {"message", "input: expected a string"}}}});
  const auto type = [&](int status) {
    return body("/v1/messages", Refusal(status, "a")).at("error").at("type").get<std::string>();
  };
  CHECK(type(401) == "authentication_error");
  CHECK(type(403) == "permission_error");
  CHECK(type(404) == "not_found_error");
  CHECK(type(405) == "invalid_request_error");
  CHECK(type(413) == "request_too_large");
  CHECK(type(429) == "rate_limit_error");
  CHECK(type(500) == "api_error");
  CHECK(type(503) == "overloaded_error");
  CHECK(type(504) == "timeout_error");
}

TEST_CASE("a response is streamed as its own parts, each numbered and named by its type") {
  const auto events = events_of(stream_of("/v1/responses", Session::End::end_token));
  CHECK(names_of(events) == std::vector<std::string>{"response.created", "response.in_progress",
                                                     "response.output_item.added", "response.content_part.added",
                                                     "response.output_text.delta", "response.output_text.delta",
                                                     "response.output_text.done", "response.content_part.done",
                                                     "response.output_item.done", "response.completed"});
  REQUIRE(events.size() == 10);
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK(events[i].second.at("type") == events[i].first);
    CHECK(events[i].second.at("sequence_number") == i);
  }
  const Parsed& created = events[0].second.at("response");
  CHECK(created.at("id") == "resp_A1");
  CHECK(created.at("status") == "in_progress");
  CHECK(created.at("output").empty());
  CHECK(events[2].second.at("item").at("content").empty());
  CHECK(events[3].second.at("part").at("text") == "");
  CHECK(events[4].second.at("delta") == "Hel");
  CHECK(events[5].second.at("delta") == "lo");
  for (std::size_t i = 3; i < 8; ++i) CHECK(events[i].second.at("item_id") == "msg_A1");
  CHECK(events[6].second.at("text") == "Hello");
  CHECK(events[7].second.at("part").at("text") == "Hello");
  CHECK(events[8].second.at("item").at("id") == "msg_A1");
  const Parsed& done = events[9].second.at("response");
  CHECK(done.at("status") == "completed");
  CHECK(done.at("incomplete_details").is_null());
  CHECK(done.at("output").at(0) == events[8].second.at("item"));
  CHECK(done.at("usage").at("input_tokens") == 5);
  CHECK(done.at("usage").at("input_tokens_details").at("cached_tokens") == 3);
  CHECK(done.at("usage").at("output_tokens") == 4);
  CHECK(done.at("usage").at("total_tokens") == 9);
}

TEST_CASE("a response that reached its limit is incomplete, and one without text has an empty one") {
  const auto events = events_of(stream_of("/v1/responses", Session::End::limit));
  CHECK(events.back().first == "response.incomplete");
  CHECK(events.back().second.at("response").at("incomplete_details").at("reason") == "max_output_tokens");
  CHECK(events.at(8).second.at("item").at("status") == "incomplete");
  AnswerBody silent(shape_of("/v1/responses", true));
  std::string text = silent.begin();
  text += silent.add(piece_of("", 1, Session::End::end_token));
  const auto few = events_of(text);
  CHECK(few.size() == 8);  // all but the deltas
  CHECK(few.at(4).second.at("text") == "");
}

TEST_CASE("a response that is sent whole repeats what was asked for") {
  const Parsed answer = whole_of("/v1/responses", Session::End::stop_string);
  CHECK(answer.at("object") == "response");
  CHECK(answer.at("status") == "completed");
  CHECK(answer.at("instructions") == "be brief");
  CHECK(answer.at("temperature") == 0.5);
  CHECK(answer.at("top_p").is_null());
  CHECK(answer.at("metadata") == Parsed::object());
  CHECK(answer.at("store") == false);
  CHECK(answer.at("text").at("format").at("type") == "text");
  CHECK(answer.at("output").at(0).at("content").at(0).at("text") == "Hello");
  CHECK(answer.at("usage").at("brim").at("seed") == 42);
}

TEST_CASE("a response that fails says so in its own event, and ends with an error") {
  const auto events = events_of(failed_stream("/v1/responses", true));
  REQUIRE(events.size() == 7);
  CHECK(events[5].first == "response.failed");
  CHECK(events[5].second.at("response").at("status") == "failed");
  CHECK(events[5].second.at("response").at("error").at("code") == "out_of_memory");
  CHECK(events[6].first == "error");
  CHECK(events[6].second.at("type") == "error");
  CHECK(events[6].second.at("sequence_number") == 6);
  CHECK(events[6].second.at("message") == "5 MiB are missing");
  CHECK(events[6].second.at("error").at("type") == "server_error");
}

TEST_CASE("a message is streamed as its start with the usage, one block, the reason of its end, and its stop") {
  AnswerBody early(shape_of("/v1/messages", true));
  CHECK(early.begin() == "");  // what was cached is not known yet
  const auto events = events_of(stream_of("/v1/messages", Session::End::end_token));
  CHECK(names_of(events) == std::vector<std::string>{"message_start", "content_block_start", "content_block_delta",
                                                     "content_block_delta", "content_block_stop", "message_delta",
                                                     "message_stop"});
  REQUIRE(events.size() == 7);
  for (const auto& event : events) CHECK(event.second.at("type") == event.first);
  const Parsed& start = events[0].second.at("message");
  CHECK(start.at("role") == "assistant");
  CHECK(start.at("content").empty());
  CHECK(start.at("stop_reason").is_null());
  CHECK(start.at("usage").at("input_tokens") == 2);
  CHECK(start.at("usage").at("cache_read_input_tokens") == 3);
  CHECK(events[1].second.at("content_block") == Parsed{{"type", "text"}, {"text", ""}});
  CHECK(events[2].second.at("delta") == Parsed{{"type", "text_delta"}, {"text", "Hel"}});
  CHECK(events[3].second.at("delta").at("text") == "lo");
  CHECK(events[5].second.at("delta") == Parsed{{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}});
  CHECK(events[5].second.at("usage").at("output_tokens") == 4);
}

TEST_CASE("the reasons for which a message ends") {
  const auto delta = [](Session::End end, const std::string& stop) {
    return events_of(stream_of("/v1/messages", end, stop)).at(5).second.at("delta");
  };
  CHECK(delta(Session::End::limit, "x").at("stop_reason") == "max_tokens");
  CHECK(delta(Session::End::limit, "x").at("stop_sequence").is_null());
  CHECK(delta(Session::End::stop_string, "x") == Parsed{{"stop_reason", "stop_sequence"}, {"stop_sequence", "x"}});
  CHECK(delta(Session::End::stop_string, "").at("stop_sequence").is_null());
  const Parsed answer = whole_of("/v1/messages", Session::End::limit);
  CHECK(answer.at("type") == "message");
  CHECK(answer.at("content") == Parsed::parse(R"([{"type": "text", "text": "Hello"}])"));
  CHECK(answer.at("stop_reason") == "max_tokens");
  CHECK(answer.at("usage").at("input_tokens") == 2);
  CHECK(answer.at("usage").at("output_tokens") == 2);
}

TEST_CASE("a message that fails ends with an error and no stop") {
  const auto late = events_of(failed_stream("/v1/messages", true));
  REQUIRE(late.size() == 4);
  CHECK(late[3].first == "error");
  CHECK(late[3].second.at("error").at("type") == "overloaded_error");
  CHECK(late[3].second.at("error").at("code") == "out_of_memory");
  CHECK(events_of(failed_stream("/v1/messages", false)).size() == 1);
}

TEST_CASE("ollama's streams are lines, of which the last one is done and has counts and durations") {
  const auto lines = lines_of(stream_of("/api/chat", Session::End::limit));
  REQUIRE(lines.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(lines[i].at("model") == "tiny");
    CHECK(lines[i].at("created_at") == "2023-11-14T22:13:20Z");
    CHECK(lines[i].at("done") == (i == 2));
    CHECK(lines[i].contains("done_reason") == (i == 2));
  }
  CHECK(lines[0].at("message") == Parsed{{"role", "assistant"}, {"content", "Hel"}});
  CHECK(lines[1].at("message").at("content") == "lo");
  CHECK(lines[2].at("message").at("content") == "");
  CHECK(lines[2].at("done_reason") == "length");
  CHECK(lines[2].at("prompt_eval_count") == 5);
  CHECK(lines[2].at("eval_count") == 4);
  const auto value = [&](const char* name) { return lines[2].at(name).get<std::int64_t>(); };
  CHECK(value("prompt_eval_duration") > 0);
  CHECK(value("eval_duration") >= 0);
  CHECK(value("total_duration") == value("load_duration") + value("prompt_eval_duration") + value("eval_duration"));
  const auto texts = lines_of(stream_of("/api/generate", Session::End::end_token));
  CHECK(texts.at(0).at("response") == "Hel");
  CHECK(texts.at(2).at("response") == "");
  CHECK(texts.at(2).at("done_reason") == "stop");
  CHECK(!texts.at(0).contains("message"));
}

TEST_CASE("ollama's whole answers are one object, and failures in a stream one line") {
  const Parsed chat = whole_of("/api/chat", Session::End::end_token);
  CHECK(chat.at("message").at("content") == "Hello");
  CHECK(chat.at("done") == true);
  CHECK(chat.at("eval_count") == 2);
  CHECK(whole_of("/api/generate", Session::End::end_token).at("response") == "Hello");
  const auto lines = lines_of(failed_stream("/api/chat", true));
  REQUIRE(lines.size() == 2);
  CHECK(lines[1] == Parsed{{"error", "5 MiB are missing"}});
  AnswerBody failed(shape_of("/api/chat", false));
  (void)failed.add(failure_of(BRIM_CANCELLED, ""));
  const Reply reply = failed.whole();
  CHECK(reply.status == 504);
  CHECK(Parsed::parse(reply.body).at("error").is_string());
}

TEST_CASE("ollama's models have a tag, a digest of their own and sizes in words") {
  const OllamaModel small{"tiny", "llama", "Q4_K", 135'000'000, 1000, 256, 0};
  OllamaModel large = small;
  large.parameters = 1'240'000'000;
  large.id = "large:1b";
  const Parsed entry = Parsed::parse(json_text(ollama_entry(small)));
  CHECK(entry.at("name") == "tiny:latest");
  CHECK(entry.at("model") == "tiny:latest");
  CHECK(entry.at("modified_at") == "1970-01-01T00:00:00Z");
  CHECK(entry.at("digest").get<std::string>().size() == 64);
  CHECK(entry.at("digest") != Parsed::parse(json_text(ollama_entry(large))).at("digest"));
  CHECK(entry.at("details").at("parameter_size") == "135.0M");
  CHECK(ollama_entry(large).at("details").at("parameter_size") == "1.2B");
  CHECK(ollama_entry(large).at("name") == "large:1b");  // it has a tag
  CHECK(ollama_running(small).at("size_vram") == 0);
  CHECK(ollama_running(small).at("context_length") == 256);
  CHECK(ollama_show(small).at("model_info").at("llama.context_length") == 256);
  CHECK(ollama_show(small).at("capabilities").at(0) == "completion");
}

TEST_CASE("times in ollama's form") {
  CHECK(ollama_time(0) == "1970-01-01T00:00:00Z");
  CHECK(ollama_time(951782400) == "2000-02-29T00:00:00Z");
  CHECK(ollama_time(1700000000) == "2023-11-14T22:13:20Z");
}
