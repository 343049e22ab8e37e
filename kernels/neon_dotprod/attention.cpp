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
    static void interleave(const std::byte* from, std::size_t stride, std::byte* to) {
      uint8x16x4_t entries;
      for (std::size_t e = 0; e < 4; ++e) __builtin_memcpy(&entries.val[e], from + e * stride, 16);
      vst4q_u8(reinterpret_cast<std::uint8_t*>(to), entries);
    }
    /// Rounds values number at … at + 3 of 32 to quants: their high bytes, and eight numbers later their low bytes.
    static void round(Batch values, int at, std::int32_t* quants) {
      const int32x4_t whole = vcvtnq_s32_f32(values);
      const int32x4_t high = vshrq_n_s32(vaddq_s32(whole, vdupq_n_s32(128)), 8);
      quants[at / kGroup] = low_bytes(high);
      quants[8 + at / kGroup] = low_bytes(whole);
    }
    static std::int32_t sum(const std::int32_t*) { return 0; }  // kOffset is 0
    static std::int32_t low_bytes(int32x4_t x) {
      const int16x4_t words = vmovn_s32(x);
      return vget_lane_s32(vreinterpret_s32_s8(vmovn_s16(vcombine_s16(words, words))), 0);
    }
  };
};

}  // namespace

void fill_attention(Table& table) { fill_attention_of_levels<Vector>(table); }

}  // namespace brim::kernels::neon_dotprod
