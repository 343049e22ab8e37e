// Four rows of a panel in one register, for kernels/shared/panel_products.ipp: sdot adds four products of signed bytes
// into each row's sum, and reads the activations as four columns from a register of sixteen.
#pragma once

#include "kernels/neon/lanes.hpp"

namespace brim::kernels::neon_dotprod {
namespace {

struct Lanes : neon::Lanes {
  static constexpr int kVectors = 4, kTokens = 8, kStreams = 2, kTogether = 1;

  /// One vector at a time: its levels stay in registers for all tokens, and the sum of a token is finished before the
  /// sum of the next token begins. High bytes first, shifted once, then low bytes.
  template <class Format>
  struct Sums {
    static constexpr int kGroups = 8 / Format::kScales;
    static constexpr int kMinSubtracted = 4;  ///< from this many on, offsets are subtracted from the levels

    /// Σ of levels times activations, sixteen at a time.
    static inline __attribute__((always_inline)) Ints add(Ints sum, const Bytes (&levels)[kGroups],
                                                          const std::int8_t* at) {
      for_constants<0, kGroups / 4>([&](auto constant) __attribute__((always_inline)) {
        constexpr int kFirst = 4 * decltype(constant)::value;
        const Bytes values = vld1q_s8(at + 4 * kFirst);
        sum = vdotq_laneq_s32(sum, levels[kFirst], values, 0);
        sum = vdotq_laneq_s32(sum, levels[kFirst + 1], values, 1);
        sum = vdotq_laneq_s32(sum, levels[kFirst + 2], values, 2);
        sum = vdotq_laneq_s32(sum, levels[kFirst + 3], values, 3);
      });
      return sum;
    }

    /// The levels of a step; the offset is subtracted where many tokens follow.
    template <int kHalf, int kTokens>
    static inline __attribute__((always_inline)) void load_levels(const typename Format::Slab& slab, int part, int row,
                                                                  Bytes (&levels)[kGroups]) {
      for_constants<0, kGroups>([&](auto constant) __attribute__((always_inline)) {
        constexpr int kIndex = decltype(constant)::value;
        levels[kIndex] = Format::template group<kHalf * kGroups + kIndex>(slab, part, row);
        if constexpr (Format::kOffset != 0 && kTokens >= kMinSubtracted) {
          levels[kIndex] = vsubq_s8(levels[kIndex], vdupq_n_s8(Format::kOffset));
        }
      });
    }

    template <int kHalf, int kVectors, int kTokens>
    static inline __attribute__((always_inline)) void whole(const typename Format::Slab* const* slabs, int part,
                                                            const int* rows, const Q16Block* const* x,
                                                            Ints (&sums)[kVectors][kTokens]) {
      static_assert(kVectors == 1);
      Bytes levels[kGroups];
      load_levels<kHalf, kTokens>(*slabs[0], part, rows[0], levels);
      for_constants<0, kTokens>([&](auto constant) __attribute__((always_inline)) {
        constexpr int kToken = decltype(constant)::value;
        const Q16Block& of = *x[kToken];
        const Ints high = add(vdupq_n_s32(0), levels, of.high + 4 * kHalf * kGroups);
        Ints sum = add(vshlq_n_s32(high, 8), levels, of.low + 4 * kHalf * kGroups);
        if constexpr (Format::kOffset != 0 && kTokens < kMinSubtracted) sum = vsubq_s32(sum, offset<Format, kHalf>(of));
        sums[0][kToken] = sum;
      });
    }
  };
};

}  // namespace
}  // namespace brim::kernels::neon_dotprod
