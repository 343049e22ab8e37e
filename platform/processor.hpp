// What only the system knows of the processor's instructions: whether it keeps their state, and what an ARM processor has.
#pragma once

#include <string>

namespace brim::platform {

/// Asks the system to let this process use the tile registers of x86-64 (AMX). Asking twice is harmless. Returns whether it may.
bool request_tile_registers() noexcept;

/// What the system says of an ARM processor: the words of capabilities in its interface to programs (AT_HWCAP, AT_HWCAP2), and the
/// name of the part ("0x00000000410fd0b1"; empty when unknown).
struct ArmProcessor {
  unsigned long capabilities = 0, more_capabilities = 0;
  std::string part;
};
ArmProcessor arm_processor();

}  // namespace brim::platform
