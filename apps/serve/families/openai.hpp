// OpenAI's clients: chat completions, completions, and responses (without anything that is kept between requests).
#pragma once

#include <memory>

#include "apps/serve/families/families.hpp"
#include "apps/serve/response.hpp"

namespace brim::apps::serve {

/// {"error": error_object()}
OrderedJson openai_error(const Refusal& refusal);

inline constexpr ClientForm kOpenAiForm{"", kEventStream, kKeepAlive, openai_error};

/// A delta with the role, deltas with texts, an empty one with the reason of the end, the usage where it was asked for,
/// and [DONE]. A failure is `event: error` with {"type": "error", "error"} and nothing after it.
std::unique_ptr<AnswerWriter> chat_writer(AnswerShape shape);
/// The same with texts in place of deltas, and without a role.
std::unique_ptr<AnswerWriter> completion_writer(AnswerShape shape);

/// `input` (a text or items that are messages) and `instructions`. Throws Refusal (400), also for what needs state:
/// previous_response_id, conversation, background, prompt.
AnswerRequest read_response_request(const Json& body);
/// response.created and .in_progress; output_item.added, content_part.added, output_text.delta for each text, .done for
/// all three; response.completed, or .incomplete where the limit was reached. Each has the number of its place from 0.
/// A failure is response.failed and `event: error`.
std::unique_ptr<AnswerWriter> response_writer(AnswerShape shape);

/// The `brim` member of usage: what other servers do not have.
OrderedJson brim_usage(const AnswerShape& shape);

}  // namespace brim::apps::serve
