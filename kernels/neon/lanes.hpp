// Four rows of a panel in one register, for kernels/shared/panel_products.ipp, on every 64-bit ARM. The sets with
// instructions for 8-bit products use everything here except Sums.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/shared/constants.ipp"
#include "kernels/table.hpp"
#include "quant/half.hpp"

namespace brim::kernels::neon {
namespace {

struct Lanes {
  using Bytes = int8x16_t;
  using Ints = int32x4_t;
  using Floats = float32x4_t;
  static constexpr int kRows = 4;
  static constexpr int kVectors = 4, kTokens = 2, kStreams = 2, kTogether = 2;
  static constexpr int kAhead = 2048;  ///< prefetch distance of each stream in bytes

  static Bytes load(const void* at) { return vld1q_s8(static_cast<const std::int8_t*>(at)); }
  static void store_bytes(std::int8_t* at, Bytes bytes) { vst1q_s8(at, bytes); }
  /// Bytes shifted right by kShift (left if negative) and masked.
  template <int kShift, int kMask>
  static Bytes masked(Bytes signed_bytes) {
    uint8x16_t bytes = vreinterpretq_u8_s8(signed_bytes);
    int left = 0xff;
    if constexpr (kShift > 0) {
      bytes = vshrq_n_u8(bytes, kShift);
      left = 0xff >> kShift;
    }
    if constexpr (kShift < 0) {
      bytes = vshlq_n_u8(bytes, -kShift);
      left = 0xff << -kShift & 0xff;
    }
    return vreinterpretq_s8_u8(left == kMask ? bytes : vandq_u8(bytes, vdupq_n_u8(kMask)));
  }
  static Bytes either(Bytes a, Bytes b) { return vorrq_s8(a, b); }
  /// Adds kValue, a bit that is not set yet, to each byte whose bit in a 16-bit word is set.
  template <int kValue>
  static Bytes with_bits(Bytes levels, const std::uint8_t* bits) {
    return vorrq_s8(levels, vreinterpretq_s8_u8(vandq_u8(where_set(bits), vdupq_n_u8(kValue))));
  }
  /// Negates each byte whose bit is set.
  static Bytes with_signs(Bytes levels, const std::uint8_t* bits) {
    const int8x16_t set = vreinterpretq_s8_u8(where_set(bits));
    return vsubq_s8(veorq_s8(levels, set), set);
  }
  /// get(row), four bytes, for each row.
  template <class Get>
  static Bytes words(Get get) {
    uint32x4_t words = vdupq_n_u32(get(0));
    words = vsetq_lane_u32(get(1), words, 1);
    words = vsetq_lane_u32(get(2), words, 2);
    words = vsetq_lane_u32(get(3), words, 3);
    return vreinterpretq_s8_u32(words);
  }
  static Bytes lookup(Bytes indices, const std::int8_t* codebook) {
    return vqtbl1q_s8(vld1q_s8(codebook), vreinterpretq_u8_s8(indices));
  }

  static Floats floats(float value) { return vdupq_n_f32(value); }
  static Floats zero_floats() { return vdupq_n_f32(0); }
  static Floats load_floats(const float* at) { return vld1q_f32(at); }
  static Floats to_floats(Ints value) { return vcvtq_f32_s32(value); }
  static Floats halves(const quant::Half* at) {
    float16x4_t four;
    __builtin_memcpy(&four, at, sizeof four);
    return vcvt_f32_f16(four);
  }
  static Floats signed_bytes(const std::int8_t* at) {
    const int8x8_t bytes = vreinterpret_s8_u32(vdup_n_u32(four_bytes(at)));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
  }
  static Floats unsigned_bytes(const std::uint8_t* at) { return vcvtq_f32_u32(widened(at)); }
  static Floats low_halves_of_bytes(const std::uint8_t* at) {
    return vcvtq_f32_u32(vandq_u32(widened(at), vdupq_n_u32(15)));
  }
  static Floats high_halves_of_bytes(const std::uint8_t* at) { return vcvtq_f32_u32(vshrq_n_u32(widened(at), 4)); }
  /// 2^(byte − 128); zero for the two bytes whose power is below the normal floats.
  static Floats powers_of_two(const std::uint8_t* at) {
    return vreinterpretq_f32_u32(vshlq_n_u32(vqsubq_u32(widened(at), vdupq_n_u32(1)), 23));
  }
  /// Halves of NVFP4's scales: bits in the places of a half's are 2^-8 of the value.
  static Floats eight_bit_floats(const std::uint8_t* at) {
    const uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(four_bytes(at)));
    const uint8x8_t kept = vbic_u8(bytes, vceq_u8(bytes, vdup_n_u8(0x7f)));
    const uint16x4_t bits = vget_low_u16(vshll_n_u8(vand_u8(kept, vdup_n_u8(0x7f)), 7));
    return vmulq_f32(vcvt_f32_f16(vreinterpret_f16_u16(bits)), vdupq_n_f32(128.0f));
  }
  static Floats negative(Floats value) { return vnegq_f32(value); }
  static Floats multiply(Floats a, Floats b) { return vmulq_f32(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return vfmaq_f32(c, a, b); }
  /// c − a · b
  static Floats fma_negative(Floats a, Floats b, Floats c) { return vfmsq_f32(c, a, b); }
  static void store(float* at, Floats value) { vst1q_f32(at, value); }

  /// What Format's levels subtract from a token's sum over 16 (half kHalf) or 32 columns, for every row.
  template <class Format, int kHalf>
  static Ints offset(const Q16Block& x) {
    const std::int32_t sum = Format::kScales == 2 ? x.sums[kHalf] : x.sum;
    return vdupq_n_s32(sum * Format::kOffset);
  }

  /// Widening multiplies add up in 16 bits, with separate sums for the low and high halves of the rows: all of a step
  /// for levels below 64 (four groups of 63 · 127, or eight of 31 · 127), two groups for larger levels (2 · 128 · 127 =
  /// 32,512).
  template <class Format>
  struct Sums {
    static constexpr int kGroups = 8 / Format::kScales;
    static constexpr int kAtOnce = Format::kBits == 8 ? 2 : kGroups;
    static_assert(Format::kBits == 8 || ((1 << Format::kBits) - 1) * 127 * kGroups < 32768);

    struct Halves {
      int16x8_t low, high;
      void start(Bytes levels, Bytes values) {
        set(vmull_s8(vget_low_s8(levels), vget_low_s8(values)), vmull_high_s8(levels, values));
      }
      void add(Bytes levels, Bytes values) {
        set(vmlal_s8(low, vget_low_s8(levels), vget_low_s8(values)), vmlal_high_s8(high, levels, values));
      }

     private:
      void set(int16x8_t new_low, int16x8_t new_high) {
        // The order matters: otherwise GCC starts all groups at once, and most registers are spilled to memory.
        asm volatile("" : "+w"(new_low), "+w"(new_high));
        low = new_low;
        high = new_high;
      }
    };
    /// Pairs of columns: rows 0 and 1, rows 2 and 3.
    struct Pairs {
      int32x4_t low, high;
    };

    /// Four activations, for every row.
    static Bytes four(const std::int8_t* at) { return vreinterpretq_s8_u32(vdupq_n_u32(four_bytes(at))); }

    template <int kHalf, int kVectors, int kTokens>
    static inline __attribute__((always_inline)) void whole(const typename Format::Slab* const* slabs, int part,
                                                            const int* rows, const Q16Block* const* x,
                                                            Ints (&sums)[kVectors][kTokens]) {
      const Q16Block* from[kTokens];
      for (int t = 0; t < kTokens; ++t) {
        const Q16Block* block = x[t];
        // Otherwise GCC spreads out all activations in memory before the first vector.
        if constexpr (kTokens > 1) asm volatile("" : "+r"(block));
        from[t] = block;
      }
      Pairs high[kVectors][kTokens], low[kVectors][kTokens];
      for_constants<0, kGroups / kAtOnce>([&](auto constant) __attribute__((always_inline)) {
        constexpr int kFirst = decltype(constant)::value * kAtOnce;
        Halves high_sums[kVectors][kTokens], low_sums[kVectors][kTokens];
        for_constants<0, kAtOnce>([&](auto step) __attribute__((always_inline)) {
          constexpr int kGroup = kHalf * kGroups + kFirst + decltype(step)::value;
          Bytes levels[kVectors];
          for (int v = 0; v < kVectors; ++v) levels[v] = Format::template group<kGroup>(*slabs[v], part, rows[v]);
          for (int t = 0; t < kTokens; ++t) {
            const Bytes high_bytes = four(from[t]->high + 4 * kGroup), low_bytes = four(from[t]->low + 4 * kGroup);
            for (int v = 0; v < kVectors; ++v) {
              if constexpr (decltype(step)::value == 0) {
                high_sums[v][t].start(levels[v], high_bytes);
                low_sums[v][t].start(levels[v], low_bytes);
              } else {
                high_sums[v][t].add(levels[v], high_bytes);
                low_sums[v][t].add(levels[v], low_bytes);
              }
            }
          }
        });
        for (int v = 0; v < kVectors; ++v) {
          for (int t = 0; t < kTokens; ++t) {
            if constexpr (kFirst == 0) {
              high[v][t] = {vpaddlq_s16(high_sums[v][t].low), vpaddlq_s16(high_sums[v][t].high)};
              if constexpr (kAtOnce < kGroups) {
                low[v][t] = {vpaddlq_s16(low_sums[v][t].low), vpaddlq_s16(low_sums[v][t].high)};
              }
            } else {
              high[v][t] = {vpadalq_s16(high[v][t].low, high_sums[v][t].low),
                            vpadalq_s16(high[v][t].high, high_sums[v][t].high)};
              low[v][t] = {vpadalq_s16(low[v][t].low, low_sums[v][t].low),
                           vpadalq_s16(low[v][t].high, low_sums[v][t].high)};
            }
            if constexpr (kAtOnce == kGroups) {
              // 256 · high + low in pairs, in one step.
              sums[v][t] = vpaddq_s32(vpadalq_s16(vshlq_n_s32(high[v][t].low, 8), low_sums[v][t].low),
                                      vpadalq_s16(vshlq_n_s32(high[v][t].high, 8), low_sums[v][t].high));
            }
          }
        }
      });
      for (int v = 0; v < kVectors; ++v) {
        for (int t = 0; t < kTokens; ++t) {
          if constexpr (kAtOnce < kGroups) {
            sums[v][t] = vpaddq_s32(vaddq_s32(vshlq_n_s32(high[v][t].low, 8), low[v][t].low),
                                    vaddq_s32(vshlq_n_s32(high[v][t].high, 8), low[v][t].high));
          }
          if constexpr (Format::kOffset != 0) sums[v][t] = vsubq_s32(sums[v][t], offset<Format, kHalf>(*x[t]));
        }
      }
    }
  };

 private:
  /// All bits of each byte whose bit in a 16-bit word is set.
  static uint8x16_t where_set(const std::uint8_t* bits) {
    std::uint16_t both;
    __builtin_memcpy(&both, bits, sizeof both);
    const uint8x16_t eight_each = vreinterpretq_u8_u64(vcombine_u64(vdup_n_u64(0), vdup_n_u64(0x0101010101010101ull)));
    const uint8x16_t byte = vqtbl1q_u8(vreinterpretq_u8_u16(vdupq_n_u16(both)), eight_each);
    return vtstq_u8(byte, vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201ull)));
  }
  static std::uint32_t four_bytes(const void* at) {
    std::uint32_t bytes;
    __builtin_memcpy(&bytes, at, sizeof bytes);
    return bytes;
  }
  static uint32x4_t widened(const std::uint8_t* at) {
    const uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(four_bytes(at)));
    return vmovl_u16(vget_low_u16(vmovl_u8(bytes)));
  }
};

}  // namespace
}  // namespace brim::kernels::neon
