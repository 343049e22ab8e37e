// See families.hpp. The table of families.
#include "apps/serve/families/families.hpp"

#include "apps/serve/families/anthropic.hpp"
#include "apps/serve/families/ollama.hpp"
#include "apps/serve/families/openai.hpp"

namespace brim::apps::serve {
namespace {

constexpr AnswerFamily kFamilies[] = {
    {"/v1/chat/completions", "chatcmpl-", kOpenAiForm, read_chat_request, chat_writer},
    {"/v1/completions", "cmpl-", kOpenAiForm, read_completion_request, completion_writer},
    {"/v1/responses", "resp_", kOpenAiForm, read_response_request, response_writer},
    {"/v1/messages", "msg_", kAnthropicForm, read_message_request, message_writer},
    {"/api/chat", "", kOllamaForm, read_ollama_chat, ollama_chat_writer},
    {"/api/generate", "", kOllamaForm, read_ollama_generate, ollama_generate_writer},
};

}  // namespace

const AnswerFamily* family_of(std::string_view path) {
  for (const AnswerFamily& family : kFamilies) {
    if (family.path == path) return &family;
  }
  return nullptr;
}

const ClientForm& client_of(std::string_view path) {
  for (const AnswerFamily& family : kFamilies) {
    if (!family.client.prefix.empty() && path.starts_with(family.client.prefix)) return family.client;
  }
  return kOpenAiForm;
}

Reply error_reply(const Refusal& refusal, const ClientForm& client) {
  Reply reply = error_reply(refusal);
  reply.body = json_text(client.error(refusal)) + "\n";
  return reply;
}

}  // namespace brim::apps::serve
