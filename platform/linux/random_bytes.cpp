// See platform/random_bytes.hpp.
#include "platform/random_bytes.hpp"

#include <sys/auxv.h>

#include <cstring>

namespace brim::platform {

bool process_secret(std::span<std::byte, 16> bytes) noexcept {
  const unsigned long address = ::getauxval(AT_RANDOM);
  if (address == 0) return false;
  std::memcpy(bytes.data(), reinterpret_cast<const void*>(address), bytes.size());
  return true;
}

}  // namespace brim::platform
