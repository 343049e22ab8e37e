// SHA-256 with the SHA extensions of x86 (SHA256RNDS2, SHA256MSG1, SHA256MSG2): two rounds per instruction, the state
// as ABEF and CDGH. Facts from Intel's instruction set reference.
#include "engine/base/sha256_blocks.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace brim {

#if defined(__x86_64__)
namespace {

__attribute__((target("sha,sse4.1,ssse3"))) void add_blocks(std::uint32_t* state, const std::byte* data,
                                                            std::size_t blocks) noexcept {
  const auto load = [](const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); };
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const __m128i dcba = _mm_shuffle_epi32(load(state), 0xB1), efgh = _mm_shuffle_epi32(load(state + 4), 0x1B);
  __m128i abef = _mm_alignr_epi8(dcba, efgh, 8), cdgh = _mm_blend_epi16(efgh, dcba, 0xF0);
  for (; blocks > 0; --blocks, data += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i words[4];  // of the schedule: the last sixteen
    for (int i = 0; i < 4; ++i) words[i] = _mm_shuffle_epi8(load(data + 16 * i), big_endian);
    for (int four = 0; four < 16; ++four) {
      __m128i& now = words[four % 4];
      if (four >= 4) {
        const __m128i last = words[(four + 3) % 4];
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(now, words[(four + 1) % 4]),
                                          _mm_alignr_epi8(last, words[(four + 2) % 4], 4));
        now = _mm_sha256msg2_epu32(sum, last);
      }
      const __m128i with_constants = _mm_add_epi32(now, load(kSha256Rounds.data() + 4 * four));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, with_constants);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(with_constants, 0x0E));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// CPUID leaf 7, EBX bit 29. The name "sha" is not known to __builtin_cpu_supports of all compilers Brim is built with.
bool has_instructions() noexcept {
  unsigned a = 7, b = 0, c = 0, d = 0;
  if (!__builtin_cpu_supports("sse4.1")) return false;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (b >> 29 & 1) != 0;
}

}  // namespace

Sha256Blocks sha256_instructions() noexcept { return has_instructions() ? add_blocks : nullptr; }
#else
Sha256Blocks sha256_instructions() noexcept { return nullptr; }
#endif

}  // namespace brim
