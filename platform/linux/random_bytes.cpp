// See platform/random_bytes.hpp.
#include "platform/random_bytes.hpp"

#include <sys/auxv.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>

namespace brim::platform {

bool process_secret(std::span<std::byte, 16> bytes) noexcept {
  const unsigned long address = ::getauxval(AT_RANDOM);
  if (address == 0) return false;
  std::memcpy(bytes.data(), reinterpret_cast<const void*>(address), bytes.size());
  return true;
}

bool random_bytes(std::span<std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace brim::platform
