// Attention over keys that are stored in levels: sdot adds four products of bytes into each entry's sum.
#include "kernels/neon_dotprod/attention.hpp"

#include "kernels/neon/shared.hpp"
#include "kernels/neon/vector.hpp"
// After vector.hpp, which brings xsimd.
#include "kernels/shared/attention.ipp"

namespace brim::kernels::neon_dotprod {
namespace {

struct Vector : neon::Vector {
  static const AttentionRowKernels& weaker_row_kernels() { return neon::attention_row_kernels(); }

  struct Dots {
    static constexpr int kGroup = 4, kOffset = 0;
    struct Sums {
      int32x4_t high, low;
    };
    using Levels = int8x16_t;
    static Bytes stored(Bytes levels) { return levels; }
    static Sums none() { return {vdupq_n_s32(0), vdupq_n_s32(0)}; }
    static Levels load(const std::byte* at) {
      Levels levels;
      __builtin_memcpy(&levels, at, sizeof levels);
      return levels;
    }
    static void add(Sums& sums, Levels levels, const std::int32_t* quants) {
      sums.high = vdotq_s32(sums.high, levels, vreinterpretq_s8_s32(vdupq_n_s32(quants[0])));
      sums.low = vdotq_s32(sums.low, levels, vreinterpretq_s8_s32(vdupq_n_s32(quants[8])));
    }
    static Batch floats(Sums sums, std::int32_t) {
      return Batch(vcvtq_f32_s32(vaddq_s32(vshlq_n_s32(sums.high, 8), sums.low)));
    }
  };
};

}  // namespace

void fill_attention(Table& table) { fill_attention_of_levels<Vector>(table); }

}  // namespace brim::kernels::neon_dotprod
