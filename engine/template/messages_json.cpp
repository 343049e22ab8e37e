// See messages_json.hpp.
#include "engine/template/messages_json.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/text/json_bytes.hpp"

namespace brim::templates {
namespace {

using Json = nlohmann::json;

// Is called with what the parser finds, value by value: an array of objects, of whose members two count. The content may
// be an array in turn, of parts: objects, of whose members two count.
class Listener : public nlohmann::json_sax<Json> {
 public:
  bool null() override {
    if (depth_ != kMessage || member_ != Member::content) return depth_ == kMessage ? !counts() : other();
    content_ = "";
    return true;
  }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t) override { return other(); }
  bool number_unsigned(number_unsigned_t) override { return other(); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool binary(binary_t&) override { return other(); }
  bool string(string_t& value) override {
    std::optional<std::string>* const own = field();
    if (own == nullptr) return other();
    *own = std::move(value);
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 1) role_.reset(), content_.reset();
    if (in_parts_ && depth_ == kSpans) type_.reset(), text_.reset();
    const bool fits = depth_ == 1 || (in_parts_ && depth_ == kSpans);
    if (!fits && !other()) return false;
    return descend();
  }
  bool end_object() override {
    --depth_;
    if (in_parts_ && depth_ == kSpans) return end_part();
    if (depth_ > 1) return true;
    if (!role_ || !content_) return false;
    messages.push_back({std::move(*role_), std::move(*content_)});
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) {
      is_array = true;
    } else if (depth_ == kMessage && member_ == Member::content) {
      in_parts_ = true;
      content_ = "";
    } else if (!other()) {
      return false;
    }
    return descend();
  }
  bool end_array() override {
    if (--depth_ == kMessage) in_parts_ = false;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == kMessage) {
      member_ = name == "role" ? Member::role : name == "content" ? Member::content : Member::none;
      if (member_ == Member::none) name_ = name.substr(0, kMaxName);
    } else if (in_parts_ && depth_ == kPart) {
      member_ = name == "type" ? Member::type : name == "text" ? Member::text : Member::none;
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    well_formed = false;
    return false;
  }

  std::vector<ChatMessage> messages;
  std::vector<std::string> dropped;
  std::string other_part;  ///< the type of a part that is not a text; "": none
  bool is_array = false, well_formed = true;

 private:
  enum class Member { none, role, content, type, text };
  static constexpr std::int64_t kMessage = 2, kSpans = 3, kPart = 4;  // depths inside these
  static constexpr std::size_t kMaxName = 64, kMaxDropped = 8;

  bool counts() const { return member_ != Member::none; }
  std::optional<std::string>* field() {
    if (depth_ == kMessage && member_ == Member::role) return &role_;
    if (depth_ == kMessage && member_ == Member::content) return &content_;
    if (in_parts_ && depth_ == kPart && member_ == Member::type) return &type_;
    if (in_parts_ && depth_ == kPart && member_ == Member::text) return &text_;
    return nullptr;
  }
  // A value that has no place in a message: an error where the array, a message or a member that counts stands.
  bool other() {
    if (depth_ < kMessage || (in_parts_ && depth_ == kSpans)) return false;
    if (depth_ == kMessage || (in_parts_ && depth_ == kPart)) {
      if (counts()) return false;
      if (depth_ == kMessage) drop();
    }
    return true;
  }
  void drop() {
    if (dropped.size() < kMaxDropped && std::ranges::find(dropped, name_) == dropped.end()) dropped.push_back(name_);
  }
  bool end_part() {
    if (type_ && *type_ != "text") other_part = std::move(*type_);
    if (!text_ || !other_part.empty()) return false;
    *content_ += *text_;
    return true;
  }
  bool descend() {
    ++depth_;
    return true;
  }

  std::int64_t depth_ = 0;  // 1 in the array, 2 in a message
  bool in_parts_ = false;   // inside the array that is a message's content
  Member member_ = Member::none;
  std::string name_;  // of the member, where it does not count
  std::optional<std::string> role_, content_, type_, text_;
};

}  // namespace

bool append_quoted(std::string& json, std::string_view text, WorkMeter* meter) {
  constexpr std::size_t kRange = std::size_t{64} << 10, kBytesPerUnit = 16;
  json += '"';
  while (!text.empty()) {
    std::size_t size = std::min(text.size(), kRange);
    while (size < text.size() && size > kRange - 4 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    if (!step(meter, static_cast<std::int64_t>(1 + size / kBytesPerUnit))) return false;
    const std::string part =
        Json(std::string(text.substr(0, size))).dump(-1, ' ', false, Json::error_handler_t::replace);
    json.append(part, 1, part.size() - 2);
    text.remove_prefix(size);
  }
  json += '"';
  return true;
}

Result<std::vector<ChatMessage>> read_messages(std::string_view json, WorkMeter* meter,
                                               std::vector<std::string>* dropped) {
  Listener listener;
  const bool whole = Json::sax_parse(text::JsonBytes(json, meter), text::JsonBytes(json), &listener);
  if (meter != nullptr && meter->cancelled()) return cancelled_error();
  if (whole) {
    if (dropped != nullptr) *dropped = std::move(listener.dropped);
    return std::move(listener.messages);
  }
  if (!listener.well_formed || !listener.is_array) {
    return error(ErrorCode::invalid_argument, "messages: expected a JSON array of {\"role\", \"content\"}");
  }
  if (listener.other_part.empty()) return bad_message(listener.messages.size());
  return error(ErrorCode::invalid_argument, "message ", listener.messages.size() + 1,
               ": a part of its content is of type ", quoted(listener.other_part), ", and only text is supported");
}

Error bad_message(std::size_t index) {
  return error(ErrorCode::invalid_argument, "message ", index + 1,
               ": expected {\"role\": system, user, assistant or tool, \"content\": text}");
}

}  // namespace brim::templates
