// See messages.hpp.
#include "apps/serve/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

std::string joined_texts(const Json& parts, const std::string& name, std::span<const std::string_view> types) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", name, i);
    if (!parts[i].is_object()) refuse_kind(place, "an object", parts[i]);
    Fields part(parts[i]);
    const std::string type = part.text("type").value_or("");
    if (std::ranges::find(types, std::string_view(type)) == types.end()) {
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

std::string content_of(Fields& message, const std::string& role, const std::string& name, const MessageForm& form) {
  const Json* const content = message.find("content");
  if (content == nullptr && role == "assistant") return {};
  return text_content(content == nullptr ? Json() : *content, name + ".content", form.text_types);
}

/// Of a list that may have other items than messages.
void check_item(Fields& item, const std::string& name) {
  const std::string type = item.text("type").value_or("message");
  if (type != "message") {
    throw Refusal(400, fmt::format("{}.type: this server takes messages alone, found {}", name, quoted(type)),
                  name + ".type", "unsupported_content");
  }
  for (const char* member : {"id", "status"}) (void)item.find(member);  // what an earlier answer had
}

void refuse_calls(Fields& message, const std::string& name) {
  for (const char* member : {"tool_calls", "function_call", "audio", "images"}) {
    const Json* const value = message.find(member);
    if (value == nullptr || (value->is_array() && value->empty())) continue;
    throw Refusal(400, fmt::format("{}.{}: this server does not do that yet", name, member), name + "." + member,
                  "unsupported_parameter");
  }
}

}  // namespace

std::string text_content(const Json& content, const std::string& name, std::span<const std::string_view> text_types) {
  if (content.is_string()) return content.get<std::string>();
  if (content.is_array()) return joined_texts(content, name, text_types);
  refuse_kind(name, "a string or an array of parts", content);
}

OrderedJson read_messages(const Json& messages, const MessageForm& form, std::vector<std::string>& ignored) {
  if (!messages.is_array()) refuse_kind(form.place, "an array", messages);
  if (messages.empty()) refuse_field(form.place, "is empty: expected at least one message");
  if (messages.size() > kMaxMessages) {
    refuse_field(form.place, fmt::format("has {} messages: expected at most {}", messages.size(), kMaxMessages));
  }
  OrderedJson kept = OrderedJson::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string name = fmt::format("{}[{}]", form.place, i);
    if (!messages[i].is_object()) refuse_kind(name, "an object", messages[i]);
    Fields message(messages[i]);
    if (form.items) check_item(message, name);
    std::string role = role_of(message, name);
    std::string content = content_of(message, role, name, form);
    refuse_calls(message, name);
    kept.push_back({{"role", std::move(role)}, {"content", std::move(content)}});
    for (const std::string& member : message.unknown()) {
      const std::string place = form.place + "." + member;
      if (std::ranges::find(ignored, place) == ignored.end()) ignored.push_back(place);
    }
  }
  return kept;
}

std::string engine_messages(const Json& messages, std::vector<std::string>& ignored) {
  return read_messages(messages, MessageForm(), ignored).dump();
}

void put_system_first(OrderedJson& messages, std::string text) {
  if (text.empty()) return;
  messages.insert(messages.begin(), OrderedJson{{"role", "system"}, {"content", std::move(text)}});
}

}  // namespace brim::apps::serve
