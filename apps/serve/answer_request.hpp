// What a request for an answer asks for, whatever the client; and how it is read from OpenAI's /v1/chat/completions and
// /v1/completions. Other clients' forms are in families/.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/serve/fields.hpp"
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
  Json echo = Json::object();  ///< members that the answer repeats, where the client's form wants that
  std::string ready;           ///< JSON: the whole reply, where nothing has to be generated; "": an answer is

  /// The text that ends the answer, where there is one alone; otherwise "".
  std::string only_stop() const;
};

/// Throws Refusal (400) for a wrong type or value, and for members that would constrain or extend the answer in a way
/// that is not implemented, by their names.
AnswerRequest read_chat_request(const Json& body);
AnswerRequest read_completion_request(const Json& body);

/// For all clients: `model`, `cache_prompt`, and members that would constrain or extend the answer, which are refused by
/// their names. Throws Refusal (400).
void read_head(Fields& fields, const Json& body, AnswerRequest& request);
/// Throws Refusal (400) where one of these members is there and asks for something.
void refuse_asked(Fields& fields, std::initializer_list<const char*> names);
/// Adds the members that no call has asked `fields` for.
void note_ignored(const Fields& fields, AnswerRequest& request);

/// An array of token ids. `name`: the member, for sentences. Throws Refusal (400).
std::vector<std::int32_t> token_ids(const Json& value, const std::string& name);

}  // namespace brim::apps::serve
