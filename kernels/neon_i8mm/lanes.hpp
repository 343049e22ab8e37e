// Four rows of a panel in one register, for kernels/shared/panel_products.ipp: smmla multiplies two rows of eight
// signed bytes by two other rows, so two of the panel's rows by two tokens — twice the work of sdot. A single token
// still uses sdot, which needs no pairing first.
#pragma once

#include "kernels/neon_dotprod/lanes.hpp"

namespace brim::kernels::neon_i8mm {
namespace {

struct Lanes : neon_dotprod::Lanes {
  /// As in neon_dotprod, for two tokens at a time.
  template <class Format>
  struct Sums : neon_dotprod::Lanes::Sums<Format> {
    using One = neon_dotprod::Lanes::Sums<Format>;
    using One::kGroups, One::kMinSubtracted;

    /// Sums of two rows and two tokens: [row 0 · token 0, row 0 · token 1, row 1 · token 0, row 1 · token 1]; then the
    /// same for rows 2 and 3.
    struct Squares {
      Ints first, last;
    };
    /// Eight columns of rows 0 and 1, then of rows 2 and 3.
    struct Eight {
      Bytes first, last;
    };

    static inline __attribute__((always_inline)) Squares add(Squares sums, const Eight (&levels)[kGroups / 2],
                                                             const std::int8_t* at, const std::int8_t* at_next) {
      for_constants<0, kGroups / 4>([&](auto constant) __attribute__((always_inline)) {
        constexpr int kFirst = 2 * decltype(constant)::value;
        const int64x2_t values = vreinterpretq_s64_s8(vld1q_s8(at + 8 * kFirst));
        const int64x2_t next = vreinterpretq_s64_s8(vld1q_s8(at_next + 8 * kFirst));
        const Bytes low = vreinterpretq_s8_s64(vzip1q_s64(values, next));
        const Bytes high = vreinterpretq_s8_s64(vzip2q_s64(values, next));
        sums.first = vmmlaq_s32(vmmlaq_s32(sums.first, levels[kFirst].first, low), levels[kFirst + 1].first, high);
        sums.last = vmmlaq_s32(vmmlaq_s32(sums.last, levels[kFirst].last, low), levels[kFirst + 1].last, high);
      });
      return sums;
    }

    template <int kHalf, int kVectors, int kTokens>
    static inline __attribute__((always_inline)) void whole(const typename Format::Slab* const* slabs, int part,
                                                            const int* rows, const Q16Block* const* x,
                                                            Ints (&sums)[kVectors][kTokens]) {
      if constexpr (kTokens == 1) {
        One::template whole<kHalf>(slabs, part, rows, x, sums);
      } else {
        static_assert(kVectors == 1 && kTokens % 2 == 0);
        Bytes fours[kGroups];
        One::template load_levels<kHalf, kTokens>(*slabs[0], part, rows[0], fours);
        Eight levels[kGroups / 2];
        for (int g = 0; g < kGroups / 2; ++g) {
          const int32x4_t a = vreinterpretq_s32_s8(fours[2 * g]), b = vreinterpretq_s32_s8(fours[2 * g + 1]);
          levels[g] = {vreinterpretq_s8_s32(vzip1q_s32(a, b)), vreinterpretq_s8_s32(vzip2q_s32(a, b))};
        }
        for_constants<0, kTokens / 2>([&](auto constant) __attribute__((always_inline)) {
          constexpr int kToken = 2 * decltype(constant)::value;
          const Q16Block &even = *x[kToken], &odd = *x[kToken + 1];
          constexpr int kStart = 4 * kHalf * kGroups;
          Squares squares = add({vdupq_n_s32(0), vdupq_n_s32(0)}, levels, even.high + kStart, odd.high + kStart);
          squares = add({vshlq_n_s32(squares.first, 8), vshlq_n_s32(squares.last, 8)}, levels, even.low + kStart,
                        odd.low + kStart);
          sums[0][kToken] = vuzp1q_s32(squares.first, squares.last);
          sums[0][kToken + 1] = vuzp2q_s32(squares.first, squares.last);
          if constexpr (Format::kOffset != 0 && kTokens < kMinSubtracted) {
            sums[0][kToken] = vsubq_s32(sums[0][kToken], Lanes::template offset<Format, kHalf>(even));
            sums[0][kToken + 1] = vsubq_s32(sums[0][kToken + 1], Lanes::template offset<Format, kHalf>(odd));
          }
        });
      }
    }
  };
};

}  // namespace
}  // namespace brim::kernels::neon_i8mm
