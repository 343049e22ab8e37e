// See platform/find_text.hpp: uses memmem, which is linear in the GNU C library.
#include "platform/find_text.hpp"

#include <string.h>

namespace brim::platform {

std::size_t find_text(std::string_view text, std::string_view wanted) noexcept {
  const void* const found = ::memmem(text.data(), text.size(), wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace brim::platform
