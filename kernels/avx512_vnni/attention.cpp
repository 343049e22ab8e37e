// Attention over keys that are stored in levels: vpdpbusd adds four products of bytes into each entry's sum.
#include "kernels/avx512_vnni/attention.hpp"

#include "kernels/avx512/shared.hpp"
#include "kernels/avx512/vector.hpp"
// After vector.hpp, which brings xsimd.
#include "kernels/shared/attention.ipp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Vector : avx512::Vector {
  static const AttentionRowKernels& weaker_row_kernels() { return avx512::attention_row_kernels(); }

  struct Dots {
    /// Levels become unsigned by adding kOffset.
    static constexpr int kGroup = 4, kOffset = 128;
    struct Sums {
      __m512i high, low;
    };
    using Levels = __m512i;
    static Bytes stored(Bytes levels) { return _mm512_xor_si512(levels, _mm512_set1_epi8(-128)); }
    static Sums none() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }
    static Levels load(const std::byte* at) { return _mm512_loadu_si512(at); }
    static void add(Sums& sums, Levels levels, const std::int32_t* quants) {
      sums.high = _mm512_dpbusd_epi32(sums.high, levels, _mm512_set1_epi32(quants[0]));
      sums.low = _mm512_dpbusd_epi32(sums.low, levels, _mm512_set1_epi32(quants[8]));
    }
    static Batch floats(Sums sums, std::int32_t offset) {
      const __m512i all = _mm512_add_epi32(_mm512_slli_epi32(sums.high, 8), sums.low);
      return Batch(_mm512_cvtepi32_ps(_mm512_sub_epi32(all, _mm512_set1_epi32(offset))));
    }
    /// Four entries are the lanes of a register: the words of four bytes change places with them, then the bytes.
    static void interleave(const std::byte* from, std::size_t stride, std::byte* to) {
      const __m512i words = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
      const __m512i bytes = _mm512_set4_epi32(0x0f0b0703, 0x0e0a0602, 0x0d090501, 0x0c080400);
      const __m512i lanes = _mm512_permutexvar_epi32(words, load_lanes(from, stride));
      _mm512_storeu_si512(to, _mm512_shuffle_epi8(lanes, bytes));
    }
    /// Rounds values number at … at + 15 of 32 to quants: their high bytes, and eight numbers later their low bytes.
    static void round(Batch values, int at, std::int32_t* quants) {
      const __m512i whole = _mm512_cvtps_epi32(values);
      const __m512i high = _mm512_srai_epi32(_mm512_add_epi32(whole, _mm512_set1_epi32(128)), 8);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(quants + at / kGroup), _mm512_cvtepi32_epi8(high));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(quants + 8 + at / kGroup), _mm512_cvtepi32_epi8(whole));
    }
    static std::int32_t sum(const std::int32_t* quants) {
      const __m512i fours =
          _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), _mm512_loadu_si512(quants));
      return _mm512_reduce_add_epi32(_mm512_mask_slli_epi32(fours, 0x00ff, fours, 8));
    }
  };
};

}  // namespace

void fill_attention(Table& table) { fill_attention_of_levels<Vector>(table); }

}  // namespace brim::kernels::avx512_vnni
