// The messages of a chat request, as the engine takes them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/json_body.hpp"

namespace brim::apps::serve {

/// The types of a message's parts that are texts, of OpenAI's chats and of Anthropic's.
inline constexpr std::string_view kTextTypes[] = {"text"};

/// How a client writes its messages.
struct MessageForm {
  std::string place = "messages";  ///< the member, for sentences
  std::span<const std::string_view> text_types = kTextTypes;
  bool items = false;  ///< each may have a `type`, and is a message only with the type "message"
};

/// A JSON array of {"role", "content"} with texts alone. `developer` is `system`; parts of text are joined; null is an
/// empty text of the assistant. `ignored` gets the names of members that are not kept, "messages.NAME", each once. Throws
/// Refusal (400) that names what is wrong: no messages, more than 4,096 of them, roles and parts that are not known, and
/// calls of tools.
OrderedJson read_messages(const Json& messages, const MessageForm& form, std::vector<std::string>& ignored);
/// The same of a chat's messages, as the engine takes them.
std::string engine_messages(const Json& messages, std::vector<std::string>& ignored);

/// The texts of `content`: a string, or an array of parts, which are joined. `name`: for sentences. Throws Refusal (400).
std::string text_content(const Json& content, const std::string& name, std::span<const std::string_view> text_types);

/// Puts a message of the system before the others, where there is a text.
void put_system_first(OrderedJson& messages, std::string text);

}  // namespace brim::apps::serve
