// Reading one architecture's metadata keys: "llama.block_count" and the like, with the defaults they share. Used only by
// config.cpp and the files in architectures/.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"

namespace brim::model {

/// The numbers that a key may have: from `min` to `max`, or only above `min`.
struct NumberRange {
  double min, max;
  bool above = false;
};
// Wider than any model, small enough that products of two stay far from overflow.
inline constexpr std::int64_t kWidest = std::int64_t{1} << 24;
// No model has a factor beyond these, and their products and quotients stay far from what a float can hold.
inline constexpr NumberRange kZeroOrMore{0, 1e9};
inline constexpr NumberRange kAboveZero{0, 1e9, true};
inline constexpr NumberRange kRopeBase{1, 1e15, true};

/// Prefixes keys with the architecture's name, and records which ones were requested. Lives only while the file does.
class Keys {
 public:
  Keys(const io::Gguf& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  /// Whether the file has this key; does not count as reading it.
  bool has(std::string_view key) const { return file_.find(full(key)) != nullptr; }
  /// The value as it is, or nullptr.
  const io::Value* value(std::string_view key) const { return file_.find(read(key)); }
  /// An integer in [min, max]; `absent` when there is no such key, or an error when that is empty too.
  Result<std::int64_t> integer(std::string_view key, std::optional<std::int64_t> absent, std::int64_t min,
                               std::int64_t max) const {
    return file_.integer(read(key), absent, min, max);
  }
  /// A finite number within `range`. Errors: bad_file, naming the key, the range and what was found.
  Result<double> number(std::string_view key, std::optional<double> absent, const NumberRange& range) const;
  Result<bool> boolean(std::string_view key, bool absent) const { return file_.boolean(read(key), absent); }
  Result<std::string> string(std::string_view key, std::string absent) const {
    return file_.string(read(key), std::move(absent));
  }
  /// One integer for all layers, or an array with one for each.
  Result<std::vector<std::int64_t>> per_layer(std::string_view key, std::int64_t layers,
                                              std::optional<std::int64_t> absent, std::int64_t min,
                                              std::int64_t max) const;
  const io::Gguf& file() const { return file_; }
  const std::string& prefix() const { return prefix_; }
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }
  bool was_read(std::string_view key) const { return read_.find(key) != read_.end(); }

 private:
  std::string read(std::string_view key) const {
    read_.emplace(key);
    return full(key);
  }

  const io::Gguf& file_;
  std::string prefix_;
  mutable std::set<std::string, std::less<>> read_;
};

}  // namespace brim::model
