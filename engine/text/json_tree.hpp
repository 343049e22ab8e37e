// JSON as plain values. nlohmann's arrays and objects allocate when they are destroyed, and end the process where there
// is no memory for that; its ordered objects are searched from the front for every member and copied as they grow. Its
// parser does none of that, so it fills these instead. For untrusted text: depth and number of values are bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"

namespace brim::text {

struct JsonTree {
  enum class Kind { null, flag, number, text, list, object };

  Kind kind = Kind::null;
  bool flag = false;
  double number = 0;
  std::optional<std::uint64_t> count;    ///< the number, where it is written as a whole one ≥ 0
  std::optional<std::int64_t> negative;  ///< the number, where it is written as a whole one < 0
  std::string text;
  std::vector<std::string> names;  ///< of an object's members, in order
  std::vector<JsonTree> items;     ///< of a list, or an object's values

  bool is(Kind wanted) const { return kind == wanted; }
  /// The first member with that name; null where the object has none, or this is not an object. Linear time.
  const JsonTree* find(std::string_view name) const;
};

/// Destroying and copying a tree recurses once per level, so the depth also bounds the stack they take.
inline constexpr std::size_t kMaxJsonDepth = 32;
/// A value takes more than a hundred bytes, where its text may take two.
inline constexpr std::size_t kMaxJsonValues = std::size_t{1} << 18;

struct JsonLimits {
  std::size_t depth = kMaxJsonDepth;    ///< nested lists and objects
  std::size_t values = kMaxJsonValues;  ///< values of every kind, lists and objects included
};

/// Linear time, no recursion. Errors: invalid_argument, a sentence without a subject: "is not JSON: error at byte 7 of 9",
/// "nests more than 32 levels deep", "holds more than 262144 values"; cancelled by `meter`, which counts the work (null: neither).
Result<JsonTree> parse_json(std::string_view text, const JsonLimits& limits = {}, WorkMeter* meter = nullptr);

/// A value as a sentence shows it: "\"kl\"", "3.5", "a list of 2".
std::string shown(const JsonTree& value);

}  // namespace brim::text
