// Handles a memory limit so low that the allocator cannot even start: the C++ runtime would end the process without a
// message, or with a core file, while it initialises the program. Therefore this check runs before anything else in the
// program.
#include <cstdlib>
#include <string_view>

#include "platform/program/standard_streams.hpp"

namespace {

constexpr std::size_t kMinFreeBytes = std::size_t{1} << 20;  ///< what parsing a command line needs, generously

__attribute__((constructor(101))) void try_memory() {
  void* const memory = std::malloc(kMinFreeBytes);
  if (memory != nullptr) {
    std::free(memory);
    return;
  }
  constexpr std::string_view kSentence =
      "brim: not enough memory available to start; raise the limit on it (ulimit -v, ulimit -d)\n";
  (void)brim::platform::write_some(brim::platform::kStandardError, kSentence);
  std::_Exit(1);
}

}  // namespace
