// A file descriptor that closes itself, and opening one: never one of the three that programs take for standard input,
// output and error, so that text meant for a terminal cannot end up in a file of Brim's.
#pragma once

#include <sys/types.h>

#include <string>
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

/// open(2) with O_CLOEXEC, tried again when a signal interrupted it, and moved to 3 or above. Without a descriptor errno
/// says why.
Descriptor open_descriptor(const std::string& path, int flags, mode_t mode = 0) noexcept;

}  // namespace brim
