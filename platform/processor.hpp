// What only the system knows about the processor's instructions: whether it saves their state, and what an ARM
// processor has.
#pragma once

#include <string>

namespace brim::platform {

/// Requests permission for this process to use the tile registers of x86-64 (AMX). Repeated requests are harmless.
/// Returns whether it may use them.
bool request_tile_registers() noexcept;

/// What the system reports about an ARM processor: the capability words of its interface to programs (AT_HWCAP,
/// AT_HWCAP2), and the identifier of the processor model ("0x00000000410fd0b1"; empty when unknown).
struct ArmProcessor {
  unsigned long capabilities = 0, more_capabilities = 0;
  std::string part;
};
ArmProcessor arm_processor();

}  // namespace brim::platform
