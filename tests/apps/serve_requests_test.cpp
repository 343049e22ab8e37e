// What `brim serve` makes of a request before anything is computed: addresses, Host and Origin, keys, JSON within limits,
// and the members of a body.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "apps/commands.hpp"
#include "apps/serve/address.hpp"
#include "apps/serve/answer_request.hpp"
#include "apps/serve/fields.hpp"
#include "apps/serve/guard.hpp"
#include "apps/serve/messages.hpp"

namespace serve_requests {

using namespace brim::apps::serve;

/// The status and the member of the refusal that `work` ends with; {0, ""}: none.
struct Refused {
  int status = 0;
  std::string param, sentence;
};
template <class Work>
Refused refused(Work work) {
  try {
    work();
  } catch (const Refusal& refusal) {
    return {refusal.status, refusal.param, refusal.what()};
  }
  return {};
}

AnswerRequest chat(const std::string& members) {
  return read_chat_request(parse_body(R"({"messages": [{"role": "user", "content": "Hi"}])" + members + "}"));
}
Refused chat_refused(const std::string& members) {
  return refused([&] { (void)chat(members); });
}
AnswerRequest completion(const std::string& body) { return read_completion_request(parse_body(body)); }

std::string value_of(const AnswerRequest& request, const std::string& key) {
  for (const auto& [name, value] : request.options) {
    if (name == key) return value;
  }
  return "(none)";
}

std::string messages(const std::string& json) {
  std::vector<std::string> ignored;
  return engine_messages(parse_body(json), ignored);
}

}  // namespace serve_requests

using namespace serve_requests;

TEST_CASE("addresses of --listen") {
  const Address ipv4 = parse_address("127.0.0.1:11711");
  CHECK(ipv4.host == "127.0.0.1");
  CHECK(ipv4.port == 11711);
  CHECK(url_of(ipv4) == "http://127.0.0.1:11711");
  const Address ipv6 = parse_address("[::1]:80");
  CHECK(ipv6.host == "::1");
  CHECK(url_of(ipv6) == "http://[::1]:80");
  CHECK(parse_address("localhost:0").host == "127.0.0.1");
  CHECK(is_loopback(ipv4));
  CHECK(is_loopback(ipv6));
  CHECK(is_loopback(parse_address("127.1.2.3:1")));
  CHECK(!is_loopback(parse_address("0.0.0.0:1")));
  CHECK(!is_loopback(parse_address("192.168.1.5:1")));
  CHECK(!is_loopback(parse_address("[::]:1")));
  for (const char* wrong :
       {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80:1", "127.0.0:80",
        "127.0.0.256:80", "127.0.0.1.5:80", "example.org:80", "[::1:80", "[::1]80", "[::g]:80", "::1:80", "unix:"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS((void)parse_address(wrong), brim::apps::Failure);
  }
  const Address local = parse_address("unix:run/brim:80");
  CHECK(local.path == "run/brim:80");
  CHECK(local.host.empty());
  CHECK(is_loopback(local));
  CHECK(url_of(local) == "unix:run/brim:80");
  CHECK(parse_address("unix:" + std::string(kMaxSocketPath, 'a')).path.size() == kMaxSocketPath);
  CHECK_THROWS_AS((void)parse_address("unix:" + std::string(kMaxSocketPath + 1, 'a')), brim::apps::Failure);
  CHECK_THROWS_AS((void)parse_address(std::string("unix:a\0b", 8)), brim::apps::Failure);
}

TEST_CASE("Host has to be one of the server's names, and an origin an allowed one") {
  ServerSettings settings;
  settings.allowed_hosts = {allowed_host("Brim.Example.org")};
  settings.allowed_origins = {allowed_origin("https://Example.org")};
  const Guard guard(settings);
  const auto status = [&](const char* host, const char* origin) {
    return refused([&] { guard.check_names(host, origin); }).status;
  };
  for (const char* host : {"localhost", "localhost:11711", "LOCALHOST:1", "127.0.0.1:11711", "192.168.1.5",
                           "[::1]:11711", "brim.example.org", "BRIM.example.org:443"}) {
    CAPTURE(host);
    CHECK(status(host, "") == 0);
  }
  for (const char* host : {"", ":80", "evil.example.org", "localhost.evil.org", "127.0.0.1.evil.org", "[::1", "[::1]x",
                           "localhost:80@evil.example.org", "localhost:x", "[::1]:80/"}) {
    CAPTURE(host);
    CHECK(status(host, "") == 403);
  }
  CHECK(status("localhost:11711", "https://example.org") == 0);
  CHECK(status("localhost:11711", "http://localhost:11711") == 0);
  CHECK(status("localhost:11711", "http://localhost:3000") == 403);
  CHECK(status("localhost:11711", "https://example.org.evil.org") == 403);
  CHECK(status("localhost:11711", "http://example.org") == 403);
  CHECK(status("localhost:11711", "null") == 403);
  CHECK(guard.cors("https://example.org").at(0).value == "https://example.org");
  CHECK(guard.cors("https://other.org").empty());
  const Reply preflight = guard.preflight("https://example.org", "authorization, x-stainless-os");
  CHECK(preflight.status == 204);
  const auto sent = std::ranges::find_if(
      preflight.headers, [](const Header& header) { return header.name == "Access-Control-Allow-Headers"; });
  REQUIRE(sent != preflight.headers.end());
  CHECK(sent->value == "authorization, x-stainless-os");
  CHECK(refused([&] { (void)guard.preflight("https://other.org", ""); }).status == 403);
  CHECK(refused([&] { (void)guard.preflight("", ""); }).status == 403);
  for (const char* wrong : {"", "*", "https://", "example.org", "https://a/b", "https://a, https://b", "https://*"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS((void)allowed_origin(wrong), brim::apps::Failure);
  }
  CHECK_THROWS_AS((void)allowed_host("example.org:80"), brim::apps::Failure);
}

TEST_CASE("keys are read from lines and asked for in one of two headers") {
  ServerSettings settings;
  settings.keys = key_digests("# keys\nfirst-key\r\n\n  second key  \n#third");
  CHECK(settings.keys.size() == 2);
  const Guard guard(settings);
  const auto status = [&](const char* authorization, const char* api_key) {
    return refused([&] { (void)guard.check_key(authorization, api_key); }).status;
  };
  CHECK(status("Bearer first-key", "") == 0);
  CHECK(status("bearer  second key ", "") == 0);
  CHECK(status("", "first-key") == 0);
  CHECK(status("", "") == 401);
  CHECK(status("Bearer ", "") == 401);
  CHECK(status("Bearer first-ke", "") == 401);
  CHECK(status("Bearer first-key2", "") == 401);
  CHECK(status("Basic first-key", "") == 401);
  CHECK(status("Bearer #third", "") == 401);
  CHECK(guard.check_key("Bearer first-key", "") != guard.check_key("", "second key"));
  CHECK(guard.check_key("Bearer first-key", "").size() == 64);
  CHECK(Guard(ServerSettings()).check_key("", "").empty());
}

TEST_CASE("the limits of JSON hold before it is parsed") {
  const std::string deep(100000, '[');
  CHECK(refused([&] { (void)parse_body(deep); }).sentence.find("deep") != std::string::npos);
  const JsonLimits small{2, 4};
  CHECK(refused([&] { (void)parse_body("[[1]]", small); }).status == 0);
  CHECK(refused([&] { (void)parse_body("[[[1]]]", small); }).status == 400);
  CHECK(refused([&] { (void)parse_body("[1,2,3]", small); }).status == 0);
  CHECK(refused([&] { (void)parse_body("[1,2,3,4]", small); }).status == 400);
  CHECK(refused([&] { (void)parse_body(R"(["[[[,,,\"[[[,,,"])", small); }).status == 0);  // inside a string
  for (const char* wrong : {"", "{", "nul", "{\"a\": 1,}", "{'a': 1}", "[1e999]", "\"\xff\"", "1 2", "\"\\ud800\""}) {
    CAPTURE(wrong);
    CHECK(refused([&] { (void)parse_body(wrong); }).status == 400);
  }
  CHECK(refused([] { (void)read_chat_request(parse_body("[]")); }).status == 400);
}

TEST_CASE("messages become roles and texts") {
  CHECK(messages(R"([{"role": "developer", "content": "a"}, {"role": "user", "content":
        [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]}, {"role": "assistant", "content": null}])") ==
        R"([{"role":"system","content":"a"},{"role":"user","content":"bc"},{"role":"assistant","content":""}])");
  const auto param = [](const char* json) { return refused([&] { (void)messages(json); }).param; };
  CHECK(param("[]") == "messages");
  CHECK(param("{}") == "messages");
  CHECK(param("[1]") == "messages[0]");
  CHECK(param(R"([{"role": "user"}])") == "messages[0].content");
  CHECK(param(R"([{"role": "user", "content": null}])") == "messages[0].content");
  CHECK(param(R"([{"role": "user", "content": 5}])") == "messages[0].content");
  CHECK(param(R"([{"role": "robot", "content": ""}])") == "messages[0].role");
  CHECK(param(R"([{"content": ""}])") == "messages[0].role");
  CHECK(param(R"([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}])") ==
        "messages[0].content[0].type");
  CHECK(param(R"([{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{}]}])") ==
        "messages[1].tool_calls");
  std::vector<std::string> ignored;
  (void)engine_messages(parse_body(R"([{"role": "user", "content": "a", "name": "x"},
                                       {"role": "user", "content": "a", "name": "y", "refusal": null}])"),
                        ignored);
  CHECK(ignored == std::vector<std::string>{"messages.name"});
}

TEST_CASE("sampling, stops, biases, seed and limit become the engine's options") {
  const AnswerRequest request = chat(R"(, "model": "m", "temperature": 0.7, "top_p": 1, "top_k": -1, "min_p": 1e-5,
      "stop": ["a", "b"], "logit_bias": {"5": -100, "7": 1.5}, "seed": 18446744073709551615, "max_tokens": 5,
      "max_completion_tokens": 7, "presence_penalty": null, "cache_prompt": false, "user": "u",
      "stream": true, "stream_options": {"include_usage": true, "odd": 1}, "colour": 3)");
  CHECK(request.model == "m");
  CHECK(value_of(request, "temperature") == "0.7");
  CHECK(value_of(request, "top_p") == "1");
  CHECK(value_of(request, "top_k") == "0");
  CHECK(value_of(request, "min_p") == "1e-05");
  CHECK(value_of(request, "presence_penalty") == "(none)");
  CHECK(value_of(request, "stop") == "a");
  CHECK(std::ranges::count_if(request.options, [](const auto& option) { return option.first == "stop"; }) == 2);
  CHECK(value_of(request, "logit_bias") == "5-100");
  CHECK(request.max_bias_id == 7);
  CHECK(request.options.back() == std::pair<std::string, std::string>("logit_bias", "7+1.5"));
  CHECK(request.seed == 18446744073709551615u);
  CHECK(request.limit == 7);
  CHECK(!request.reuse);
  CHECK(request.stream);
  CHECK(request.include_usage);
  CHECK(request.ignored == std::vector<std::string>{"stream_options.odd", "colour"});
  CHECK(!chat("").limit);
  CHECK(!chat(R"(, "max_tokens": -1)").limit);
  CHECK(!chat(R"(, "seed": -1)").seed);
  CHECK(!chat(R"(, "stream_options": {"include_usage": true})").include_usage);
}

TEST_CASE("what would constrain an answer is refused by its name, unless it asks for nothing") {
  for (const char* name : {"response_format", "tools", "grammar", "json_schema", "guided_choice", "guided_odd", "regex",
                           "functions", "format", "structured_outputs", "kv_budget"}) {
    CAPTURE(name);
    const Refused found = chat_refused(std::string(", \"") + name + "\": [1]");
    CHECK(found.status == 400);
    CHECK(found.param == name);
    CHECK(chat_refused(std::string(", \"") + name + "\": null").status == 0);
  }
  CHECK(chat_refused(R"(, "tools": [], "logprobs": false, "tool_choice": "auto", "n": 1)").status == 0);
  CHECK(chat_refused(R"(, "response_format": {"type": "text"})").status == 0);
  CHECK(chat_refused(R"(, "response_format": {"type": "json_object"})").param == "response_format");
  CHECK(chat_refused(R"(, "tool_choice": "required")").param == "tool_choice");
  CHECK(chat_refused(R"(, "n": 2)").param == "n");
}

TEST_CASE("wrong types and values are refused by their names") {
  for (const char* members : {R"(, "temperature": "hot")",
                              R"(, "temperature": -1)",
                              R"(, "top_p": 1.5)",
                              R"(, "top_k": 1.5)",
                              R"(, "stream": 1)",
                              R"(, "seed": 1.5)",
                              R"(, "seed": "1")",
                              R"(, "max_tokens": 0)",
                              R"(, "max_tokens": -2)",
                              R"(, "max_tokens": 18446744073709551615)",
                              R"(, "stop": 5)",
                              R"(, "stop": [1])",
                              R"(, "stop": "")",
                              R"(, "logit_bias": [])",
                              R"(, "logit_bias": {"a": 1})",
                              R"(, "logit_bias": {"-1": 1})",
                              R"(, "logit_bias": {"1": 101})",
                              R"(, "model": 1)",
                              R"(, "stream_options": 1)",
                              R"(, "user": 1)",
                              R"(, "cache_prompt": 1)",
                              R"(, "presence_penalty": 3)"}) {
    CAPTURE(members);
    const Refused found = chat_refused(members);
    CHECK(found.status == 400);
    CHECK(!found.param.empty());
  }
  CHECK(refused([] { (void)read_chat_request(parse_body("{}")); }).param == "messages");
}

TEST_CASE("the prompt of a completion is a text or token ids") {
  CHECK(completion(R"({"prompt": "Once"})").text == "Once");
  CHECK(completion(R"({"prompt": ["Once"]})").text == "Once");
  CHECK(completion(R"({"prompt": [1, 2]})").ids == std::vector<std::int32_t>{1, 2});
  CHECK(completion(R"({"prompt": [[1, 2]]})").ids == std::vector<std::int32_t>{1, 2});
  CHECK(completion(R"({"prompt": "", "parse_special": true})").parse_special);
  for (const char* wrong : {"{}", R"({"prompt": null})", R"({"prompt": 5})", R"({"prompt": []})",
                            R"({"prompt": ["a", "b"]})", R"({"prompt": [1, "a"]})", R"({"prompt": [-1]})",
                            R"({"prompt": [1.5]})", R"({"prompt": [2147483648]})", R"({"prompt": [[]]})"}) {
    CAPTURE(wrong);
    const Refused found = refused([&] { (void)completion(wrong); });
    CHECK(found.status == 400);
    CHECK(found.param == "prompt");
  }
}

TEST_CASE("the header of ignored members has harmless names, and a count") {
  CHECK(ignored_header({"a", "b.c"}) == "a, b.c");
  CHECK(ignored_header({"a", "x\r\ny", ""}) == "a, +2");
  CHECK(ignored_header({"\xc3\xa4"}) == "+1");
  CHECK(ignored_header(std::vector<std::string>(20, "n")).ends_with("n, +4"));
  CHECK(ignored_header({std::string(65, 'a')}) == "+1");
}
