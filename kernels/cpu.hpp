// What this processor and operating system can run: cpuid with XCR0 on x86-64, hwcap on aarch64. A machine is plain
// data, so dispatch can be tested with recorded machines.
#pragma once

#include <cstdint>
#include <string>

namespace brim::kernels {

/// Bits of Machine::features. A bit is set only when the operating system saves that state too.
enum Feature : std::uint64_t {
  kAvx2 = 1u << 0,
  kFma = 1u << 1,
  kF16c = 1u << 2,
  kAvx512 = 1u << 3,  ///< F, CD, BW, DQ and VL together
  kAvx512Vnni = 1u << 4,
  kAvxVnni = 1u << 5,
  kAvx512Bf16 = 1u << 6,
  kAmx = 1u << 7,  ///< tile, int8 and bf16, and the kernel granted the permission
  kNeon = 1u << 16,
  kNeonDotprod = 1u << 17,
  kNeonI8mm = 1u << 18,
  kNeonBf16 = 1u << 19,
};

struct Machine {
  std::string name;            ///< "AMD EPYC 9355", as the processor says
  std::uint64_t features = 0;  ///< Feature bits
};

/// The machine this process runs on. Computed once; thread-safe.
const Machine& this_machine();
/// The x86-64 registers that determine what may run, as read from the processor (or recorded).
struct X86Registers {
  std::uint32_t leaf1_ecx = 0;
  std::uint32_t leaf7_ebx = 0, leaf7_ecx = 0, leaf7_edx = 0;
  std::uint32_t leaf7_1_eax = 0;
  std::uint64_t xcr0 = 0;       ///< register state the operating system saves
  bool amx_permission = false;  ///< the kernel lets this process use tile data
};
/// The Feature bits of those registers: an instruction counts only if the system saves its state.
std::uint64_t x86_features(const X86Registers& registers);

/// "avx2 fma f16c avx512 avx512_vnni" — for people and bug reports.
std::string feature_text(std::uint64_t features);

}  // namespace brim::kernels
