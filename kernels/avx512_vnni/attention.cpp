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
  };
};

}  // namespace

void fill_attention(Table& table) { fill_attention_of_levels<Vector>(table); }

}  // namespace brim::kernels::avx512_vnni
