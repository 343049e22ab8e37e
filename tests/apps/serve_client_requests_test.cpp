// How `brim serve` reads the requests of other clients than those of chat completions: responses, Anthropic's messages and
// ollama's, each into the same request to the engine.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/serve/answer_request.hpp"
#include "apps/serve/families/families.hpp"
#include "apps/serve/families/ollama.hpp"

namespace serve_client_requests {

using namespace brim::apps::serve;

AnswerRequest read_at(const char* path, const std::string& body) { return family_of(path)->read(parse_body(body)); }
AnswerRequest response(const std::string& members) {
  return read_at("/v1/responses", R"({"input": "Hi")" + members + "}");
}
AnswerRequest message(const std::string& members) {
  return read_at("/v1/messages",
                 R"({"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}])" + members + "}");
}
AnswerRequest ollama_chat(const std::string& members) {
  return read_at("/api/chat",
                 R"({"model": "tiny:latest", "messages": [{"role": "user", "content": "Hi"}])" + members + "}");
}
AnswerRequest ollama_generate(const std::string& members) {
  return read_at("/api/generate", R"({"prompt": "Hi")" + members + "}");
}

/// The member that a refusal with status 400 names; "(taken)" where there is no refusal.
template <class Read>
std::string refused_member(Read read, const std::string& members) {
  try {
    (void)read(members);
  } catch (const Refusal& refusal) {
    CHECK(refusal.status == 400);
    return refusal.param;
  }
  return "(taken)";
}

std::string option_of(const AnswerRequest& request, const std::string& key) {
  for (const auto& [name, value] : request.options) {
    if (name == key) return value;
  }
  return "(none)";
}

const std::string kHi = R"([{"role":"user","content":"Hi"}])";
const std::string kSystemAndHi = R"([{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}])";

}  // namespace serve_client_requests

using namespace serve_client_requests;

TEST_CASE("the input of a response is a text or messages, after its instructions") {
  CHECK(response("").chat);
  CHECK(response("").messages == kHi);
  CHECK(response(R"(, "instructions": "Be brief")").messages == kSystemAndHi);
  const auto items = [](const std::string& input) {
    return read_at("/v1/responses", R"({"input": )" + input + "}").messages;
  };
  CHECK(items(kHi) == kHi);
  CHECK(items(R"([{"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be "},
                   {"type": "input_text", "text": "brief"}]}, {"role": "user", "content": "Hi"}])") == kSystemAndHi);
  CHECK(items(R"([{"id": "msg_1", "status": "completed", "type": "message", "role": "assistant", "content":
                   [{"type": "output_text", "text": "a", "annotations": []}]}])") ==
        R"([{"role":"assistant","content":"a"}])");
  const auto param = [&](const std::string& input) { return refused_member(items, input); };
  CHECK(param("5") == "input");
  CHECK(param("[]") == "input");
  CHECK(param("[1]") == "input[0]");
  CHECK(param(R"([{"type": "function_call_output", "call_id": "a", "output": "b"}])") == "input[0].type");
  CHECK(param(R"([{"role": "user", "content": [{"type": "input_image", "image_url": "a"}]}])") ==
        "input[0].content[0].type");
  CHECK(refused_member([](const std::string& body) { return read_at("/v1/responses", body); }, "{}") == "input");
}

TEST_CASE("a response takes its limit and sampling, and repeats what the client wants to see again") {
  const AnswerRequest request = response(R"(, "model": "m", "max_output_tokens": 7, "temperature": 0.5, "seed": 3,
      "stream": true, "metadata": {"a": "b"}, "store": true, "truncation": "auto", "text": {"format": {"type": "text"},
      "verbosity": "low"}, "tools": [], "tool_choice": "auto", "include": [])");
  CHECK(request.model == "m");
  CHECK(request.limit == 7);
  CHECK(option_of(request, "temperature") == "0.5");
  CHECK(request.seed == 3u);
  CHECK(request.stream);
  CHECK(!request.include_usage);
  CHECK(request.echo == Json::parse(R"({"max_output_tokens": 7, "metadata": {"a": "b"}, "temperature": 0.5})"));
  CHECK(request.ignored == std::vector<std::string>{"text.verbosity", "truncation"});
  CHECK(!response("").stream);
}

TEST_CASE("a response is refused where it needs what an earlier request left, or another form of text") {
  const auto param = [](const std::string& members) { return refused_member(response, members); };
  CHECK(param(R"(, "previous_response_id": "resp_1")") == "previous_response_id");
  CHECK(param(R"(, "conversation": "conv_1")") == "conversation");
  CHECK(param(R"(, "prompt": {"id": "a"})") == "prompt");
  CHECK(param(R"(, "background": true)") == "background");
  CHECK(param(R"(, "background": false, "previous_response_id": null)") == "(taken)");
  CHECK(param(R"(, "text": {"format": {"type": "json_schema"}})") == "text.format");
  CHECK(param(R"(, "text": {"format": {"type": "text", "odd": 1}})") == "text.format");
  CHECK(param(R"(, "text": 5)") == "text");
  CHECK(param(R"(, "tools": [{"type": "web_search"}])") == "tools");
  CHECK(param(R"(, "include": ["message.output_text.logprobs"])") == "include");
  CHECK(param(R"(, "top_logprobs": 2)") == "top_logprobs");
  CHECK(param(R"(, "max_output_tokens": 0)") == "max_output_tokens");
  CHECK(param(R"(, "instructions": 5)") == "instructions");
  CHECK(param(R"(, "metadata": "a")") == "metadata");
  const auto metadata = [](std::size_t size) { return R"(, "metadata": {"a": ")" + std::string(size, 'a') + R"("})"; };
  CHECK(param(metadata(65000)) == "(taken)");
  CHECK(param(metadata(65536)) == "metadata");
}

TEST_CASE("a message of Anthropic's has its system before it, and its own names for stops and the limit") {
  CHECK(message("").messages == kHi);
  CHECK(message("").limit == 9);
  CHECK(!message("").stream);
  CHECK(message(R"(, "system": "Be brief")").messages == kSystemAndHi);
  CHECK(message(R"(, "system": [{"type": "text", "text": "Be ", "cache_control": {"type": "ephemeral"}},
                               {"type": "text", "text": "brief"}])")
            .messages == kSystemAndHi);
  const AnswerRequest request = message(R"(, "stop_sequences": ["a", "b"], "top_k": 5, "stream": true,
      "metadata": {"user_id": "a"}, "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
      "thinking": {"type": "disabled"})");
  CHECK(option_of(request, "stop") == "a");
  CHECK(option_of(request, "top_k") == "5");
  CHECK(request.stream);
  CHECK(request.only_stop() == "");
  CHECK(message(R"(, "stop_sequences": ["a"])").only_stop() == "a");
  CHECK(request.ignored == std::vector<std::string>{"thinking"});
}

TEST_CASE("a message is refused by what it would need") {
  const auto param = [](const std::string& members) { return refused_member(message, members); };
  CHECK(param(R"(, "tools": [{"name": "a"}])") == "tools");
  CHECK(param(R"(, "tool_choice": {"type": "any"})") == "tool_choice");
  CHECK(param(R"(, "tool_choice": {"type": 5})") == "tool_choice");
  CHECK(param(R"(, "output_format": {"type": "json_schema"})") == "output_format");
  CHECK(param(R"(, "output_config": {"format": {}})") == "output_config.format");
  CHECK(param(R"(, "output_config": {"effort": "low"})") == "(taken)");
  CHECK(param(R"(, "mcp_servers": [{}])") == "mcp_servers");
  CHECK(param(R"(, "top_logprobs": 2)") == "top_logprobs");
  CHECK(param(R"(, "system": 5)") == "system");
  CHECK(param(R"(, "system": [{"type": "image"}])") == "system[0].type");
  CHECK(param(R"(, "stop_sequences": [5])") == "stop_sequences");
  CHECK(param(R"(, "temperature": "hot")") == "temperature");
  const auto whole = [](const std::string& body) { return read_at("/v1/messages", body); };
  CHECK(refused_member(whole, "{}") == "messages");
  CHECK(refused_member(whole, R"({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]})") ==
        "messages[0].content[0].type");
}

TEST_CASE("ollama streams unless it is asked not to, and has its settings in options") {
  const AnswerRequest request = ollama_chat(R"(, "options": {"temperature": 0.5, "num_predict": 7, "top_k": 5,
      "stop": "a", "seed": 3, "num_ctx": 4096, "repeat_penalty": 1.5}, "think": true, "keep_alive": "5m", "format": "")");
  CHECK(request.chat);
  CHECK(request.model == "tiny");  // the tag is implied
  CHECK(request.messages == kHi);
  CHECK(request.stream);
  CHECK(request.ready.empty());
  CHECK(request.limit == 7);
  CHECK(request.seed == 3u);
  CHECK(option_of(request, "temperature") == "0.5");
  CHECK(option_of(request, "top_k") == "5");
  CHECK(option_of(request, "repeat_penalty") == "1.5");
  CHECK(option_of(request, "stop") == "a");
  CHECK(request.ignored == std::vector<std::string>{"options.num_ctx", "think"});
  CHECK(!ollama_chat(R"(, "stream": false)").stream);
  CHECK(!ollama_chat(R"(, "options": {"num_predict": -2})").limit);
  CHECK(!ollama_chat(R"(, "options": {"num_predict": -1})").limit);
  CHECK(ollama_model_name("a:latest") == "a");
  CHECK(ollama_model_name("a:7b") == "a:7b");
  CHECK(ollama_model_name(":latest") == ":latest");
}

TEST_CASE("ollama's prompt is a message, or as it is where the client has rendered it") {
  CHECK(ollama_generate("").messages == kHi);
  CHECK(ollama_generate(R"(, "system": "Be brief")").messages == kSystemAndHi);
  const AnswerRequest raw = ollama_generate(R"(, "raw": true)");
  CHECK(!raw.chat);
  CHECK(raw.messages.empty());
  CHECK(raw.text == "Hi");
  CHECK(raw.parse_special);
}

TEST_CASE("a request of ollama's without a prompt loads the model, which is answered at once") {
  const Json chat = Json::parse(read_at("/api/chat", R"({"model": "tiny"})").ready);
  CHECK(chat.at("model") == "tiny");
  CHECK(chat.at("done") == true);
  CHECK(chat.at("done_reason") == "load");
  CHECK(chat.at("message").at("content") == "");
  CHECK(!read_at("/api/chat", R"({"messages": []})").ready.empty());
  CHECK(Json::parse(read_at("/api/generate", R"({"prompt": "", "keep_alive": -1})").ready).at("response") == "");
  const auto load = [](const std::string& body) { return read_at("/api/generate", body); };
  for (const char* body : {R"({"keep_alive": 0})", R"({"keep_alive": "0"})", R"({"keep_alive": "0s"})"}) {
    CAPTURE(body);
    CHECK(refused_member(load, body) == "keep_alive");
  }
}

TEST_CASE("what ollama's clients ask for and is not there is refused by its name") {
  const auto chat = [](const std::string& members) { return refused_member(ollama_chat, members); };
  const auto generate = [](const std::string& members) { return refused_member(ollama_generate, members); };
  CHECK(chat(R"(, "format": "json")") == "format");
  CHECK(chat(R"(, "format": {"type": "object"})") == "format");
  CHECK(chat(R"(, "tools": [{}])") == "tools");
  CHECK(chat(R"(, "logprobs": true)") == "logprobs");
  CHECK(chat(R"(, "options": 5)") == "options");
  CHECK(chat(R"(, "options": {"temperature": "hot"})") == "options.temperature");
  CHECK(chat(R"(, "options": {"num_predict": 0})") == "options.num_predict");
  CHECK(chat(R"(, "options": {"stop": [""]})") == "options.stop");
  CHECK(chat(R"(, "stream": 1)") == "stream");
  CHECK(generate(R"(, "format": "json")") == "format");
  CHECK(generate(R"(, "suffix": "a")") == "suffix");
  CHECK(generate(R"(, "images": ["aGk="])") == "images");
  CHECK(generate(R"(, "context": [1])") == "context");
  CHECK(generate(R"(, "template": "a")") == "template");
  CHECK(generate(R"(, "suffix": "", "images": [], "context": [], "template": "")") == "(taken)");
  const auto whole = [](const std::string& body) { return read_at("/api/chat", body); };
  CHECK(refused_member(whole, R"({"messages": [{"role": "user", "content": "a", "images": ["aGk="]}]})") ==
        "messages[0].images");
}
