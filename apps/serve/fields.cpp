// See fields.hpp.
#include "apps/serve/fields.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "apps/serve/reply.hpp"
#include "engine/base/number_text.hpp"

namespace brim::apps::serve {

void refuse_kind(const std::string& name, const std::string& expected, const Json& found) {
  throw Refusal(400, fmt::format("{}: expected {}, found {}", name, expected, kind_of(found)), name, "invalid_type");
}

void refuse_field(const std::string& name, const std::string& sentence) {
  throw Refusal(400, name + " " + sentence, name);
}

Fields::Fields(const Json& body, std::string prefix) : body_(body), prefix_(std::move(prefix)) {
  if (body.is_object()) return;
  if (!prefix_.empty()) refuse_kind(prefix_.substr(0, prefix_.size() - 1), "an object", body);
  throw Refusal(400, fmt::format("the body: expected an object, found {}", kind_of(body)));
}

const Json* Fields::find(const std::string& name) {
  known_.insert(name);
  const auto found = body_.find(name);
  return found == body_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<bool> Fields::flag(const std::string& name) {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) refuse_kind(place(name), "true or false", *value);
  return value->get<bool>();
}

std::optional<std::int64_t> Fields::integer(const std::string& name, std::int64_t min, std::int64_t max) {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) refuse_kind(place(name), "a whole number", *value);
  const bool huge = value->is_number_unsigned() &&
                    value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t number = huge ? max : value->get<std::int64_t>();
  if (huge || number < min || number > max) {
    throw Refusal(400, fmt::format("{}: expected {} to {}, found {}", place(name), min, max, value->dump()),
                  place(name), "invalid_value");
  }
  return number;
}

std::optional<std::string> Fields::number(const std::string& name, double min, double max) {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) refuse_kind(place(name), "a number", *value);
  const double number = value->get<double>();
  if (!(number >= min && number <= max)) {
    throw Refusal(
        400,
        fmt::format("{}: expected {} to {}, found {}", place(name), number_text(min), number_text(max), value->dump()),
        place(name), "invalid_value");
  }
  return value->dump();
}

std::optional<std::string> Fields::text(const std::string& name) {
  const Json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse_kind(place(name), "a string", *value);
  return value->get<std::string>();
}

std::vector<std::string> Fields::unknown() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : body_.items()) {
    if (!value.is_null() && known_.count(name) == 0) names.push_back(place(name));
  }
  return names;
}

std::string ignored_header(const std::vector<std::string>& names) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  constexpr std::size_t kMaxNames = 16, kMaxBytes = 64;
  std::string text;
  std::size_t shown = 0;
  for (const std::string& name : names) {
    const bool fits = !name.empty() && name.size() <= kMaxBytes &&
                      name.find_first_not_of(kAlphabet) == std::string::npos && shown < kMaxNames;
    if (!fits) continue;
    text += (shown == 0 ? "" : ", ") + name;
    ++shown;
  }
  if (shown < names.size()) text += fmt::format("{}+{}", shown == 0 ? "" : ", ", names.size() - shown);
  return text;
}

}  // namespace brim::apps::serve
