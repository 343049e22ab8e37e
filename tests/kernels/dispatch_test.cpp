// Detection and dispatch with recorded machines.
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "kernels/dispatch.hpp"

using namespace brim::kernels;

namespace {

/// Registers with the bits that an Ice Lake server sets, all state saved.
X86Registers ice_lake() {
  X86Registers registers;
  registers.leaf1_ecx = 0x7ffefbff;
  registers.leaf7_ebx = 0xf3bfb7ef;
  registers.leaf7_ecx = 0x00405fce;
  registers.leaf7_edx = 0xbc040412;
  registers.xcr0 = 0xe7;
  return registers;
}

/// Sapphire Rapids: AMX, AVX-VNNI and AVX512-BF16 as well.
X86Registers sapphire_rapids() {
  X86Registers registers = ice_lake();
  registers.leaf7_edx = 0xffdd4432;
  registers.leaf7_1_eax = 0x00001c30;
  registers.xcr0 = 0x600e7;
  registers.amx_permission = true;
  return registers;
}

/// Alder Lake's efficient laptops: AVX-VNNI without any AVX-512.
X86Registers alder_lake() {
  X86Registers registers;
  registers.leaf1_ecx = 0x7ffafbff;
  registers.leaf7_ebx = 0x239c27eb;
  registers.leaf7_ecx = 0x98c027ac;
  registers.leaf7_edx = 0xfc1cc410;
  registers.leaf7_1_eax = 0x00400810;
  registers.xcr0 = 0x207;
  return registers;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("features count only with their state saved") {
  X86Registers registers = ice_lake();
  CHECK(x86_features(registers) == (kAvx2 | kFma | kF16c | kAvx512 | kAvx512Vnni));
  registers.xcr0 = 0x7;  // a hypervisor that hides AVX-512 state
  CHECK(x86_features(registers) == (kAvx2 | kFma | kF16c));
  registers.xcr0 = 0x3;
  CHECK(x86_features(registers) == 0);
  CHECK(x86_features({}) == 0);

  registers = ice_lake();
  registers.leaf7_ebx &= ~(1u << 31);  // no AVX512-VL
  CHECK(x86_features(registers) == (kAvx2 | kFma | kF16c));

  registers = alder_lake();
  CHECK(x86_features(registers) == (kAvx2 | kFma | kF16c | kAvxVnni));
  registers.leaf7_1_eax &= ~(1u << 4);
  CHECK(x86_features(registers) == (kAvx2 | kFma | kF16c));
  registers.leaf7_1_eax |= 1u << 4;
  registers.xcr0 = 0x3;
  CHECK(x86_features(registers) == 0);

  registers = sapphire_rapids();
  CHECK(x86_features(registers) == (kAvx2 | kFma | kF16c | kAvx512 | kAvx512Vnni | kAvxVnni | kAvx512Bf16 | kAmx));
  registers.amx_permission = false;
  CHECK((x86_features(registers) & kAmx) == 0);
  registers.amx_permission = true;
  registers.xcr0 = 0xe7;
  CHECK((x86_features(registers) & kAmx) == 0);
}

TEST_CASE("feature_text") {
  CHECK(feature_text(0).empty());
  CHECK(feature_text(kAvx2 | kFma) == "avx2 fma");
  CHECK(feature_text(kNeon | kNeonI8mm) == "neon neon_i8mm");
}

TEST_CASE("this machine runs its sets, and every table entry is filled") {
  const std::vector<std::string_view> sets = usable_sets(this_machine(), "");
  REQUIRE(!sets.empty());
  CHECK(sets.front() == "generic");
  CHECK(!this_machine().name.empty());
  for (std::string_view set : sets) {
    const Table table = table_for(set);
    for (int f = 0; f < brim::quant::kFormatCount; ++f) {
      CHECK((table.product[f] != nullptr));
      CHECK((table.unpack[f] != nullptr));
      CHECK((table.prepare[static_cast<int>(table.activation[f])] != nullptr));
    }
    for (int k = 0; k < kKvTypeCount; ++k) {
      for (int v = 0; v < kKvTypeCount; ++v) CHECK((table.attend[k][v] != nullptr));
      CHECK((table.accumulated_attention[k] != nullptr));
      CHECK((table.pack_kv[k] != nullptr));
      CHECK((table.unpack_kv[k] != nullptr));
    }
    CHECK((table.rope_interleaved != nullptr));
    CHECK((table.int8_operations != nullptr));
  }
}

#if defined(__x86_64__)

TEST_CASE("recorded machines get the sets they can run, and a cap takes the stronger ones away") {
  using Names = std::vector<std::string_view>;
  const Machine old{"Sandy Bridge", 0};
  const Machine haswell{"Haswell", kAvx2 | kFma | kF16c};
  const Machine no_f16c{"odd", kAvx2 | kFma};
  const Machine skylake{"Skylake-X", kAvx2 | kFma | kF16c | kAvx512};
  const Machine alder{"Alder Lake", x86_features(alder_lake())};
  const Machine ice{"Ice Lake", x86_features(ice_lake())};
  const Machine zen{"Zen 4", x86_features(ice_lake()) | kAvx512Bf16};
  const Machine sapphire{"Sapphire Rapids", x86_features(sapphire_rapids())};
  X86Registers refused = sapphire_rapids();
  refused.amx_permission = false;
  const Machine no_tiles{"Sapphire Rapids, no permission", x86_features(refused)};
  CHECK(usable_sets(old, "") == Names{"generic"});
  CHECK(usable_sets(no_f16c, "") == Names{"generic"});
  CHECK(usable_sets(haswell, "") == Names{"generic", "avx2"});
  CHECK(usable_sets(alder, "") == Names{"generic", "avx2", "avx_vnni"});
  CHECK(usable_sets(alder, "avx2") == Names{"generic", "avx2"});
  CHECK(usable_sets(alder, "avx512").empty());
  CHECK(usable_sets(skylake, "") == Names{"generic", "avx2", "avx512"});
  CHECK(usable_sets(ice, "") == Names{"generic", "avx2", "avx512", "avx512_vnni"});
  CHECK(usable_sets(ice, "avx512_vnni") == Names{"generic", "avx2", "avx512", "avx512_vnni"});
  CHECK(usable_sets(ice, "avx512") == Names{"generic", "avx2", "avx512"});
  CHECK(usable_sets(ice, "avx_vnni").empty());
  CHECK(usable_sets(ice, "avx2") == Names{"generic", "avx2"});
  CHECK(usable_sets(ice, "generic") == Names{"generic"});
  CHECK(usable_sets(zen, "") == Names{"generic", "avx2", "avx512", "avx512_vnni", "avx512_bf16"});
  CHECK(usable_sets(zen, "avx512_vnni") == Names{"generic", "avx2", "avx512", "avx512_vnni"});
  CHECK(usable_sets(sapphire, "") ==
        Names{"generic", "avx2", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx"});
  CHECK(usable_sets(sapphire, "avx512_bf16") == Names{"generic", "avx2", "avx512", "avx512_vnni", "avx512_bf16"});
  CHECK(usable_sets(no_tiles, "") == Names{"generic", "avx2", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16"});
  CHECK(usable_sets(haswell, "avx512_vnni").empty());
  CHECK(usable_sets(ice, "avx").empty());
  CHECK(usable_sets(ice, "neon").empty());
}

TEST_CASE("check_cap says why") {
  const Machine haswell{"Haswell", kAvx2 | kFma | kF16c};
  CHECK(check_cap(haswell, "").empty());
  CHECK(check_cap(haswell, "avx2").empty());
  CHECK(check_cap(haswell, "avx512_vnni") ==
        "BRIM_ISA=avx512_vnni needs avx512 avx512_vnni, which this machine (Haswell) does not have");
  CHECK(check_cap(haswell, "fast") ==
        "BRIM_ISA=fast names no instruction set; this build has generic, avx2, avx_vnni, avx512, avx512_vnni, "
        "avx512_bf16, amx");
  CHECK(check_cap(haswell, "neon") ==
        "BRIM_ISA=neon is not part of this build, which has generic, avx2, avx_vnni, avx512, avx512_vnni, avx512_bf16, "
        "amx");
}

#elif defined(__aarch64__)

TEST_CASE("recorded ARM machines") {
  using Names = std::vector<std::string_view>;
  const Machine a72{"Cortex-A72", kNeon};
  const Machine a76{"Cortex-A76", kNeon | kNeonDotprod};
  const Machine v1{"Neoverse-V1", kNeon | kNeonDotprod | kNeonI8mm | kNeonBf16};
  CHECK(usable_sets(a72, "") == Names{"generic", "neon"});
  CHECK(usable_sets(a72, "generic") == Names{"generic"});
  CHECK(usable_sets(a72, "avx2").empty());
  CHECK(usable_sets(a76, "") == Names{"generic", "neon", "neon_dotprod"});
  CHECK(usable_sets(v1, "") == Names{"generic", "neon", "neon_dotprod", "neon_i8mm"});
  CHECK(usable_sets(v1, "neon_dotprod") == Names{"generic", "neon", "neon_dotprod"});
  CHECK(check_cap(a72, "neon_dotprod") ==
        "BRIM_ISA=neon_dotprod needs neon_dotprod, which this machine (Cortex-A72) does not have");
  CHECK(check_cap(a72, "avx2") ==
        "BRIM_ISA=avx2 is not part of this build, which has generic, neon, neon_dotprod, neon_i8mm");
}

#endif

TEST_CASE("the active table follows BRIM_ISA, or is the best when that is impossible") {
  const char* cap = std::getenv("BRIM_ISA");
  std::vector<std::string_view> sets = usable_sets(this_machine(), cap ? cap : "");
  if (sets.empty()) sets = usable_sets(this_machine(), "");
  CHECK(active_set() == sets.back());
  const Table expected = table_for(sets.back());
  CHECK(std::memcmp(expected.product, active().product, sizeof expected.product) == 0);
  CHECK((expected.softmax == active().softmax));
}

TEST_CASE("explain names every kernel once, with the set it came from") {
  const std::string text = explain();
  // The strongest instruction set that multiplies few tokens: stronger sets may have gemm only.
  std::string_view winner;
  for (std::string_view set : usable_sets(this_machine(), std::getenv("BRIM_ISA") ? std::getenv("BRIM_ISA") : "")) {
    const Table table = table_for(set);
    if (winner.empty() || table.panel_product[2] != table_for(winner).panel_product[2]) winner = set;
  }
  CHECK(holds(text, "panel product Q4_0: " + std::string(winner)));
  CHECK(!holds(text, "panel gemm F32"));
  CHECK(holds(text, "unpack Q6_K: generic\n"));
  CHECK(holds(text, "softmax: "));
  CHECK(holds(text, "rope_interleaved: "));
  CHECK(holds(text, "attend q8_0: "));
}
