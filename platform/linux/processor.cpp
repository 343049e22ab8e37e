// See platform/processor.hpp.
#include "platform/processor.hpp"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/linux/system_text.hpp"

namespace brim::platform {

/// Linux grants tile state on request only (arch_prctl ARCH_REQ_XCOMP_PERM, state 18).
bool request_tile_registers() noexcept {
#if defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023;
  constexpr int kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

ArmProcessor arm_processor() {
  std::string part = read_text("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1").value_or("");
  part.resize(part.find_last_not_of(" \n") + 1);
  return {::getauxval(AT_HWCAP), ::getauxval(AT_HWCAP2), part};
}

}  // namespace brim::platform
