// Detection: cpuid and XCR0 on x86-64 (a processor may have registers the operating system does not save), hwcap on
// aarch64. See cpu.hpp.
#include "kernels/cpu.hpp"

#include <array>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "platform/processor.hpp"

namespace brim::kernels {
namespace {

#if defined(__x86_64__)

std::uint64_t read_xcr0() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<std::uint64_t>(high) << 32 | low;
}

std::string processor_name() {
  std::uint32_t words[13] = {};
  if (static_cast<std::uint32_t>(__get_cpuid_max(0x80000000u, nullptr)) < 0x80000004u) return "x86-64";
  for (std::uint32_t i = 0; i < 3; ++i) {
    __cpuid(0x80000002u + i, words[i * 4], words[i * 4 + 1], words[i * 4 + 2], words[i * 4 + 3]);
  }
  std::string name = reinterpret_cast<const char*>(words);
  const std::size_t first = name.find_first_not_of(' ');
  const std::size_t last = name.find_last_not_of(' ');
  return first == std::string::npos ? "x86-64" : name.substr(first, last - first + 1);
}

Machine detect() {
  X86Registers registers;
  std::uint32_t a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d)) registers.leaf1_ecx = c;
  constexpr std::uint32_t kOsxsave = 1u << 27;
  if (registers.leaf1_ecx & kOsxsave) registers.xcr0 = read_xcr0();
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    registers.leaf7_ebx = b;
    registers.leaf7_ecx = c;
    registers.leaf7_edx = d;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) registers.leaf7_1_eax = a;
  }
  registers.amx_permission = true;
  if (x86_features(registers) & kAmx) registers.amx_permission = platform::request_tile_registers();
  return {processor_name(), x86_features(registers)};
}

#elif defined(__aarch64__)

Machine detect() {
  // Bits of the Linux ABI for arm64 (Documentation/arch/arm64/elf_hwcaps): fixed since the kernel introduced each of
  // them.
  constexpr unsigned long kAsimd = 1ul << 1;
  constexpr unsigned long kAsimdDotprod = 1ul << 20;
  constexpr unsigned long kI8mm2 = 1ul << 13;
  constexpr unsigned long kBf16_2 = 1ul << 14;
  const platform::ArmProcessor processor = platform::arm_processor();
  const unsigned long first = processor.capabilities, second = processor.more_capabilities;
  std::uint64_t features = 0;
  if (first & kAsimd) features |= kNeon;
  if (first & kAsimdDotprod) features |= kNeonDotprod;
  if (second & kI8mm2) features |= kNeonI8mm;
  if (second & kBf16_2) features |= kNeonBf16;
  const std::string name = processor.part.empty() ? "aarch64" : "aarch64 midr " + processor.part;
  return {name, features};
}

#else

Machine detect() { return {"unknown processor", 0}; }

#endif

}  // namespace

std::uint64_t x86_features(const X86Registers& registers) {
  const auto bit = [](std::uint32_t word, int index) { return (word >> index & 1u) != 0; };
  const bool ymm = (registers.xcr0 & 0x6) == 0x6;           // SSE and AVX state
  const bool zmm = ymm && (registers.xcr0 & 0xe0) == 0xe0;  // opmask, upper halves, upper sixteen
  const bool tile = (registers.xcr0 & 0x60000) == 0x60000;  // tile configuration and data
  const std::uint32_t ebx = registers.leaf7_ebx;
  std::uint64_t features = 0;
  if (ymm && bit(registers.leaf1_ecx, 28)) {
    if (bit(ebx, 5)) features |= kAvx2;
    if (bit(registers.leaf1_ecx, 12)) features |= kFma;
    if (bit(registers.leaf1_ecx, 29)) features |= kF16c;
    if (bit(registers.leaf7_1_eax, 4)) features |= kAvxVnni;
  }
  if (zmm && bit(ebx, 16) && bit(ebx, 28) && bit(ebx, 30) && bit(ebx, 17) && bit(ebx, 31)) {
    features |= kAvx512;
    if (bit(registers.leaf7_ecx, 11)) features |= kAvx512Vnni;
    if (bit(registers.leaf7_1_eax, 5)) features |= kAvx512Bf16;
  }
  const std::uint32_t edx = registers.leaf7_edx;
  if (tile && registers.amx_permission && bit(edx, 22) && bit(edx, 24) && bit(edx, 25)) features |= kAmx;
  return features;
}

const Machine& this_machine() {
  static const Machine machine = detect();
  return machine;
}

std::string feature_text(std::uint64_t features) {
  static constexpr std::array<std::pair<Feature, const char*>, 12> kNames = {{
      {kAvx2, "avx2"},
      {kFma, "fma"},
      {kF16c, "f16c"},
      {kAvx512, "avx512"},
      {kAvx512Vnni, "avx512_vnni"},
      {kAvxVnni, "avx_vnni"},
      {kAvx512Bf16, "avx512_bf16"},
      {kAmx, "amx"},
      {kNeon, "neon"},
      {kNeonDotprod, "neon_dotprod"},
      {kNeonI8mm, "neon_i8mm"},
      {kNeonBf16, "neon_bf16"},
  }};
  std::string text;
  for (const auto& [feature, name] : kNames) {
    if ((features & feature) == 0) continue;
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

}  // namespace brim::kernels
