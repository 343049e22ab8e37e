// See anthropic.hpp: how a request of /v1/messages and of /v1/messages/count_tokens is read.
#include <utility>

#include "apps/serve/families/anthropic.hpp"
#include "apps/serve/messages.hpp"
#include "apps/serve/sampling_request.hpp"

namespace brim::apps::serve {

AnswerRequest read_message_request(const Json& body) {
  Fields fields(body);
  AnswerRequest request;
  request.chat = true;
  const Json* const list = fields.find("messages");
  if (list == nullptr) refuse_field("messages", "is missing: expected an array of messages");
  OrderedJson messages = read_messages(*list, MessageForm(), request.ignored);
  if (const Json* const system = fields.find("system")) {
    put_system_first(messages, text_content(*system, "system", kTextTypes));
  }
  request.messages = messages.dump();
  read_head(fields, body, request);
  refuse_asked(fields, {"logprobs", "top_logprobs", "output_format", "mcp_servers", "container"});
  if (const Json* const output = fields.find("output_config")) {
    Fields inside(*output, "output_config.");
    refuse_asked(inside, {"format"});
    note_ignored(inside, request);
  }
  request.stream = fields.flag("stream").value_or(false);
  read_stops(fields, "stop_sequences", request);
  read_sampling(fields, request);
  read_limit(fields, "max_tokens", request);
  for (const char* name : {"metadata", "service_tier"}) (void)fields.find(name);  // they change no answer
  note_ignored(fields, request);
  return request;
}

}  // namespace brim::apps::serve
