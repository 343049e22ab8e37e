// Anthropic's clients: /v1/messages.
#pragma once

#include <memory>

#include "apps/serve/families/families.hpp"
#include "apps/serve/response.hpp"

namespace brim::apps::serve {

/// {"type": "error", "error": {"type", "message"}}
OrderedJson anthropic_error(const Refusal& refusal);

inline constexpr ClientForm kAnthropicForm{"/v1/messages", kEventStream, "event: ping\ndata: {\"type\":\"ping\"}\n\n",
                                           anthropic_error};

/// `messages` and `system`. Throws Refusal (400).
AnswerRequest read_message_request(const Json& body);
/// message_start with the first piece, because its usage says what was cached; content_block_start, _delta for each text,
/// _stop; message_delta with the reason of the end and the usage; message_stop.
std::unique_ptr<AnswerWriter> message_writer(AnswerShape shape);

}  // namespace brim::apps::serve
