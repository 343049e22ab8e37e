// A text as a row of symbols that are joined with their neighbours: what both encoders merge. Each symbol's length
// stands at its first and at its last byte, so that four bytes for each byte of text lead to both neighbours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace brim::text {

/// Symbols are named by the offset of their first byte. Plain data; clear() keeps the memory.
class SymbolSpans {
 public:
  void clear() noexcept { marks_.clear(); }
  void reserve(std::size_t bytes) { marks_.reserve(bytes); }
  /// Appends a symbol of 1 ≤ `length` < 2³¹ bytes.
  void append(std::uint32_t length) {
    marks_.resize(marks_.size() + length);
    mark(size() - length, length);
  }

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(marks_.size()); }  ///< bytes
  /// Whether a symbol begins at `offset`, where one once did: it may have been joined to the one before it.
  bool begins(std::uint32_t offset) const noexcept { return marks_[offset] != 0 && (marks_[offset] & kLast) == 0; }
  std::uint32_t length(std::uint32_t symbol) const noexcept { return marks_[symbol]; }
  /// The symbol after this one; size() behind the last.
  std::uint32_t next(std::uint32_t symbol) const noexcept { return symbol + marks_[symbol]; }
  /// The symbol before this one, which must not be the first.
  std::uint32_t previous(std::uint32_t symbol) const noexcept { return symbol - (marks_[symbol - 1] & ~kLast); }

  /// Joins a symbol with the one after it, which there must be.
  void join(std::uint32_t symbol) noexcept {
    const std::uint32_t right = next(symbol);
    const std::uint32_t joined = length(symbol) + length(right);
    marks_[right - 1] = 0;
    marks_[right] = 0;
    mark(symbol, joined);
  }

 private:
  static constexpr std::uint32_t kLast = std::uint32_t{1} << 31;  // tells a symbol's last byte from a first one

  void mark(std::uint32_t symbol, std::uint32_t length) noexcept {
    marks_[symbol + length - 1] = length | kLast;
    marks_[symbol] = length;  // of a symbol of one byte this is all there is
  }

  std::vector<std::uint32_t> marks_;
};

}  // namespace brim::text
