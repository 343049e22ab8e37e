// See platform/program/peak_memory.hpp: VmHWM of /proc/self/status, which is reset by writing 5 to
// /proc/self/clear_refs (proc(5)).
#include "platform/program/peak_memory.hpp"

#include <fstream>

#include "platform/linux/system_text.hpp"

namespace brim::platform {

std::int64_t peak_memory() {
  return static_cast<std::int64_t>(named_number(read_text("/proc/self/status").value_or(""), "VmHWM:").value_or(0) *
                                   1024);
}

bool reset_peak_memory() {
  std::ofstream file("/proc/self/clear_refs");
  return static_cast<bool>(file << "5" << std::flush);
}

}  // namespace brim::platform
