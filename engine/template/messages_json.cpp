// See messages_json.hpp.
#include "engine/template/messages_json.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/text/json_bytes.hpp"

namespace brim::templates {
namespace {

using Json = nlohmann::json;

// Is called with what the parser finds, value by value: an array of objects, of whose members two count.
class Listener : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t) override { return other(); }
  bool number_unsigned(number_unsigned_t) override { return other(); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool binary(binary_t&) override { return other(); }
  bool string(string_t& value) override {
    if (depth_ < 2) return other();
    if (depth_ == 2 && member_ != Member::none) field() = std::move(value);
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 0 || (depth_ == 2 && member_ != Member::none)) return false;
    if (depth_ == 1) role_.reset(), content_.reset();
    return descend();
  }
  bool end_object() override {
    if (--depth_ > 1) return true;
    if (!role_ || !content_) return false;
    messages.push_back({std::move(*role_), std::move(*content_)});
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 1 || (depth_ == 2 && member_ != Member::none)) return false;
    is_array = true;
    return descend();
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 2) member_ = name == "role" ? Member::role : name == "content" ? Member::content : Member::none;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    well_formed = false;
    return false;
  }

  std::vector<ChatMessage> messages;
  bool is_array = false, well_formed = true;

 private:
  enum class Member { none, role, content };
  // A value that is not a text: an error only in the members that are used.
  bool other() { return depth_ > 2 || (depth_ == 2 && member_ == Member::none); }
  bool descend() {
    ++depth_;
    return true;
  }
  std::optional<std::string>& field() { return member_ == Member::role ? role_ : content_; }

  std::int64_t depth_ = 0;  // 1 in the array, 2 in a message
  Member member_ = Member::none;
  std::optional<std::string> role_, content_;
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

Result<std::vector<ChatMessage>> read_messages(std::string_view json, WorkMeter* meter) {
  Listener listener;
  const bool whole = Json::sax_parse(text::JsonBytes(json, meter), text::JsonBytes(json), &listener);
  if (meter != nullptr && meter->cancelled()) return cancelled_error();
  if (whole) return std::move(listener.messages);
  if (listener.well_formed && listener.is_array) return bad_message(listener.messages.size());
  return error(ErrorCode::invalid_argument, "messages: expected a JSON array of {\"role\", \"content\"}");
}

Error bad_message(std::size_t index) {
  return error(ErrorCode::invalid_argument, "message ", index + 1,
               ": expected {\"role\": system, user, assistant or tool, \"content\": text}");
}

}  // namespace brim::templates
