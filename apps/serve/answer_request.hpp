// What a request for an answer asks for: /v1/chat/completions and /v1/completions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/serve/json_body.hpp"

namespace brim::apps::serve {

struct AnswerRequest {
  bool chat = false;
  std::string model;              ///< as it was named; "": not at all
  std::string messages;           ///< of a chat: JSON for the engine
  std::string text;               ///< of a completion, where it has no ids
  std::vector<std::int32_t> ids;  ///< of a completion: the prompt
  bool parse_special = false;     ///< of a completion's text
  bool stream = false;
  bool include_usage = false;
  bool reuse = true;                                         ///< cache_prompt
  std::optional<std::int64_t> limit;                         ///< tokens; none: what is left of the context
  std::optional<std::uint64_t> seed;                         ///< none: the operator's, or one chosen at random
  std::vector<std::pair<std::string, std::string>> options;  ///< the engine's, by key
  std::optional<std::int32_t> logprobs;                      ///< as read_logprobs()
  std::int32_t max_bias_id = -1;                             ///< the largest token id of a logit_bias; -1: none
  std::vector<std::string> ignored;                          ///< members that have no effect
};

/// Throws Refusal (400) for a wrong type or value, and for members that would constrain or extend the answer in a way
/// that is not implemented, by their names.
AnswerRequest read_chat_request(const Json& body);
AnswerRequest read_completion_request(const Json& body);

/// An array of token ids. `name`: the member, for sentences. Throws Refusal (400).
std::vector<std::int32_t> token_ids(const Json& value, const std::string& name);

}  // namespace brim::apps::serve
