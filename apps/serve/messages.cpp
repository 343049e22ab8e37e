// See messages.hpp.
#include "apps/serve/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/serve/fields.hpp"
#include "apps/serve/reply.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::size_t kMaxMessages = 4096;

std::string role_of(Fields& message, const std::string& name) {
  const std::string role = message.text("role").value_or("");
  if (role == "developer") return "system";
  for (const char* known : {"system", "user", "assistant", "tool"}) {
    if (role == known) return role;
  }
  throw Refusal(
      400, fmt::format("{}.role: expected system, developer, user, assistant or tool, found {}", name, quoted(role)),
      name + ".role", "invalid_value");
}

std::string joined_texts(const Json& parts, const std::string& name) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", name, i);
    if (!parts[i].is_object()) refuse_kind(place, "an object", parts[i]);
    Fields part(parts[i]);
    const std::string type = part.text("type").value_or("");
    if (type != "text") {
      throw Refusal(400, fmt::format("{}.type: this model takes parts of text alone, found {}", place, quoted(type)),
                    place + ".type", "unsupported_content");
    }
    const Json* const value = part.find("text");
    if (value == nullptr || !value->is_string()) {
      refuse_kind(place + ".text", "a string", value == nullptr ? Json() : *value);
    }
    text += value->get_ref<const std::string&>();
  }
  return text;
}

std::string content_of(Fields& message, const std::string& role, const std::string& name) {
  const Json* const content = message.find("content");
  if (content == nullptr && role == "assistant") return {};
  if (content != nullptr && content->is_string()) return content->get<std::string>();
  if (content != nullptr && content->is_array()) return joined_texts(*content, name + ".content");
  refuse_kind(name + ".content", "a string or an array of parts", content == nullptr ? Json() : *content);
}

void refuse_calls(Fields& message, const std::string& name) {
  for (const char* member : {"tool_calls", "function_call", "audio"}) {
    const Json* const value = message.find(member);
    if (value == nullptr || (value->is_array() && value->empty())) continue;
    throw Refusal(400, fmt::format("{}.{}: this server does not do that yet", name, member), name + "." + member,
                  "unsupported_parameter");
  }
}

}  // namespace

std::string engine_messages(const Json& messages, std::vector<std::string>& ignored) {
  if (!messages.is_array()) refuse_kind("messages", "an array", messages);
  if (messages.empty()) refuse_field("messages", "is empty: expected at least one message");
  if (messages.size() > kMaxMessages) {
    refuse_field("messages", fmt::format("has {} messages: expected at most {}", messages.size(), kMaxMessages));
  }
  nlohmann::ordered_json kept = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string name = fmt::format("messages[{}]", i);
    if (!messages[i].is_object()) refuse_kind(name, "an object", messages[i]);
    Fields message(messages[i]);
    std::string role = role_of(message, name);
    std::string content = content_of(message, role, name);
    refuse_calls(message, name);
    kept.push_back({{"role", std::move(role)}, {"content", std::move(content)}});
    for (const std::string& member : message.unknown()) {
      const std::string place = "messages." + member;
      if (std::ranges::find(ignored, place) == ignored.end()) ignored.push_back(place);
    }
  }
  return kept.dump();
}

}  // namespace brim::apps::serve
