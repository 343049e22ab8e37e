// JSON as plain values. nlohmann's arrays and objects allocate when they are destroyed, and end the process where there is
// no memory for that; its parser does not, so it fills these instead. For files that anybody may have written: depth and
// number of values are bounded, a fault is an empty result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brim::text {

struct JsonTree {
  enum class Kind { null, flag, number, text, list, object };

  Kind kind = Kind::null;
  bool flag = false;
  double number = 0;
  std::optional<std::uint64_t> count;  ///< the number, where it is written as a whole one ≥ 0
  std::string text;
  std::vector<std::string> names;  ///< of an object's members, in order
  std::vector<JsonTree> items;     ///< of a list, or an object's values

  bool is(Kind wanted) const { return kind == wanted; }
  /// The first member of that name; null where there is none, or this is no object.
  const JsonTree* find(std::string_view name) const;
};

inline constexpr std::size_t kDeepestJson = 32;
/// A value takes more than a hundred bytes, where its text may take two.
inline constexpr std::size_t kMostJsonValues = std::size_t{1} << 18;

/// Empty where the text is no JSON, nested deeper than kDeepestJson, or holds more than kMostJsonValues values.
std::optional<JsonTree> parse_json(std::string_view text);

/// A value as a sentence shows it: "\"kl\"", "3.5", "a list".
std::string shown(const JsonTree& value);

}  // namespace brim::text
