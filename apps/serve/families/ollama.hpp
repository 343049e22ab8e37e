// ollama's clients: /api/chat and /api/generate. What they ask about models is in ollama_models.hpp.
#pragma once

#include <memory>
#include <string>

#include "apps/serve/families/families.hpp"

namespace brim::apps::serve {

/// {"error": "text"}
OrderedJson ollama_error(const Refusal& refusal);

inline constexpr ClientForm kOllamaForm{"/api/", "application/x-ndjson", "", ollama_error};

/// `messages`, or `prompt` and `system`, with the settings in `options`; a stream unless `stream` is false. A request
/// without either only loads the model, which is answered at once (AnswerRequest::ready). Throws Refusal (400).
AnswerRequest read_ollama_chat(const Json& body);
AnswerRequest read_ollama_generate(const Json& body);

/// An object per line: each text with done false, then one with done true, the reason, and counts and durations (in
/// nanoseconds). A failure is a line with {"error": "text"}.
std::unique_ptr<AnswerWriter> ollama_chat_writer(AnswerShape shape);
std::unique_ptr<AnswerWriter> ollama_generate_writer(AnswerShape shape);

/// Without the tag `:latest`, which is implied.
std::string ollama_model_name(std::string name);
/// "2026-12-01T02:30:00Z"
std::string ollama_time(std::int64_t seconds);

}  // namespace brim::apps::serve
