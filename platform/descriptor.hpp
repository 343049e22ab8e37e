// A file descriptor that closes itself. No descriptor that Brim opens has one of the three numbers that programs use
// for standard input, output and error, so that text meant for a terminal cannot end up in a file of Brim's.
#pragma once

#include <utility>

namespace brim {

/// Owns a descriptor, or none (number() < 0); movable, not copyable.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  int number() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

}  // namespace brim
