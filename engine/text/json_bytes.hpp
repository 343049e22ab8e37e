// The bytes of a JSON text on their way into the parser: counts the work, whatever the text holds. The parser itself
// calls nothing within a long string or a long range of white space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "engine/base/work_meter.hpp"

namespace brim::text {

/// An iterator over a text; once the meter is cancelled the text ends at the current place. JsonBytes(text) is its end.
class JsonBytes {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit JsonBytes(std::string_view text) : at_(text.data() + text.size()), end_(at_), next_step_(at_) {}
  JsonBytes(std::string_view text, WorkMeter* meter)
      : at_(text.data()), end_(text.data() + text.size()), next_step_(meter == nullptr ? end_ : at_), meter_(meter) {}

  reference operator*() const { return *at_; }
  JsonBytes& operator++() {
    if (at_ == next_step_) count();
    if (at_ != end_) ++at_;
    return *this;
  }
  JsonBytes operator++(int) {
    const JsonBytes before = *this;
    ++*this;
    return before;
  }
  bool operator==(const JsonBytes& other) const { return at_ == other.at_; }

 private:
  static constexpr std::ptrdiff_t kRange = 4096, kBytesPerUnit = 16;

  void count() {
    if (!step(meter_, kRange / kBytesPerUnit)) {
      at_ = end_;
    } else {
      next_step_ = end_ - at_ > kRange ? at_ + kRange : end_;
    }
  }

  const char* at_;
  const char* end_;
  const char* next_step_;  ///< where the meter is stepped; the end: never again
  WorkMeter* meter_ = nullptr;
};

}  // namespace brim::text
