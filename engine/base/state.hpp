// The state of something as a row of numbers, texts and pieces of memory: what a saved session consists of, and how
// sessions are copied. Everything is little-endian and begins at a multiple of eight bytes; a number is eight bytes, a
// text or a piece is its size and then its bytes. What is read back is not trusted: every number has bounds, every size
// is known before anything is written.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"

namespace brim {

static_assert(std::endian::native == std::endian::little, "state is written as it lies in memory");

/// No text is longer: it is beyond what any file that fits in memory will say.
inline constexpr std::size_t kMaxStateText = std::size_t{1} << 30;

/// Collects a state. Pieces are not copied: they must stay as they are until parts() has been used.
class StateWriter {
 public:
  void number(std::int64_t value);
  void real(double value);
  void flag(bool value) { number(value ? 1 : 0); }
  void text(std::string_view value);
  void piece(std::span<const std::byte> bytes);

  /// What was written, in order; each part a multiple of eight bytes but for the pieces, which are followed by zeros.
  std::vector<std::span<const std::byte>> parts() const;

 private:
  struct Part {
    std::string own;                   ///< numbers, texts, and the zeros behind a piece
    std::span<const std::byte> piece;  ///< behind them; may be empty
  };
  std::string& own();
  std::deque<Part> parts_;
};

/// Reads a state back in the order it was written. Errors: bad_file "NAME cannot be restored: WHERE, what: expected …,
/// found …", also where the state ends too early; from then on everything fails.
class StateReader {
 public:
  /// `name` stands for the state in messages. The parts must outlive this object.
  StateReader(std::string name, std::vector<std::span<const std::byte>> parts)
      : name_(std::move(name)), parts_(std::move(parts)) {}

  /// Counts the memory that is copied from now on, and may cancel the restore. It must outlive this object.
  void meter(WorkMeter* meter) { meter_ = meter; }
  /// Null where there is none.
  WorkMeter* meter() const { return meter_; }
  /// What the following values belong to: "layer 3".
  void at(std::string where) { where_ = std::move(where); }

  /// A whole number from `min` to `max`, which fit the type of `value`.
  template <class Integer>
  Status number(std::string_view what, std::int64_t min, std::int64_t max, Integer& value) {
    BRIM_ASSIGN(const std::int64_t found, whole(what, min, max));
    value = static_cast<Integer>(found);
    return {};
  }
  /// A finite number from `min` to `max`.
  Status real(std::string_view what, double min, double max, double& value);
  Status flag(std::string_view what, bool& value);
  /// A text of at most `max` bytes.
  Status text(std::string_view what, std::size_t max, std::string& value);
  /// A piece that fills `bytes` exactly. Nothing is written when it has another size. Errors: also cancelled.
  Status piece(std::string_view what, std::span<std::byte> bytes);
  /// The number that this session has; anything else is refused.
  Status same(std::string_view what, std::int64_t own);
  Status same(std::string_view what, std::string_view own);
  /// Checks that nothing follows.
  Status end();

  /// The error for a value that is found to be wrong after it was read.
  Error wrong(std::string_view what, std::string_view expected, std::string_view found) const;

 private:
  Result<std::int64_t> whole(std::string_view what, std::int64_t min, std::int64_t max);
  /// The next `size` bytes and their padding to a multiple of eight; a null span when there are not so many.
  std::span<const std::byte> take(std::size_t size);
  Error ended(std::string_view what) const;

  std::string name_, where_;
  std::vector<std::span<const std::byte>> parts_;
  std::size_t part_ = 0;
  std::size_t place_ = 0;  ///< in parts_[part_]
  WorkMeter* meter_ = nullptr;
};

}  // namespace brim
