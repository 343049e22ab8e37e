// Each token's bytes, computed once: what it adds to the text, or how it looks when special tokens are shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/token_roles.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::text {

/// U+2581, which stands for a space in the tokens of SPM vocabularies.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

/// Immutable after construction; owns all bytes in one block.
class Pieces {
 public:
  Pieces(const Vocabulary& vocabulary, const TokenRoles& roles);

  /// "" for control and unknown tokens unless `render_special`, for unused ones, and for ids out of range.
  std::string_view operator()(std::int32_t id, bool render_special) const {
    if (id < 0 || static_cast<std::size_t>(id) + 1 >= starts_.size()) return {};
    const auto index = static_cast<std::size_t>(id);
    if (special_[index] && !render_special) return {};
    return std::string_view(bytes_).substr(starts_[index], starts_[index + 1] - starts_[index]);
  }

  /// Bytes of the longest one.
  std::size_t longest() const;
  std::int64_t size() const { return static_cast<std::int64_t>(starts_.size()) - 1; }

 private:
  std::string bytes_;
  std::vector<std::size_t> starts_;  // one per token and one past the end
  std::vector<bool> special_;
};

}  // namespace brim::text
