// Sums of a panel's products (panel_products.ipp) for sets without 8-bit dot products: levels are widened to 16 bits
// and multiplied by whole activations (Activation::q16_words). This takes no more instructions than both their bytes
// would, and cannot saturate: eight groups of 2 · 128 · 32,512 are far below 2^31. Lanes::Words holds a group's levels
// of half a vector's rows; for many tokens the levels are kept in the first-level cache while the tokens are processed,
// a few at a time.
#pragma once

#include "kernels/shared/constants.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

template <class Lanes, class Format>
struct WordSums {
  using Words = typename Lanes::Words;
  using Ints = typename Lanes::Ints;
  static constexpr int kGroups = 8 / Format::kScales;

  static constexpr int kAtOnce = Lanes::kAtOnce;  ///< tokens whose sums stay in registers

  template <int kHalf, int kVectors, int kTokens>
  static inline __attribute__((always_inline)) void whole(const typename Format::Slab* const* slabs, int part,
                                                          const int* rows, const Q16Block* const* x,
                                                          Ints (&sums)[kVectors][kTokens]) {
    if constexpr (kTokens <= kAtOnce) {
      for_constants<0, kVectors>([&](auto constant) {
        constexpr int kVector = decltype(constant)::value;
        sum_up<kHalf, kTokens>(x, sums[kVector], [&](auto index, Words& first, Words& last) {
          widen<kHalf * kGroups + decltype(index)::value>(*slabs[kVector], part, rows[kVector], first, last);
        });
      });
    } else {
      static_assert(kTokens % kAtOnce == 0);
#pragma GCC unroll 1
      for (int v = 0; v < kVectors; ++v) {
        Words levels[kGroups][2];
        for_constants<0, kGroups>([&](auto index) {
          constexpr int kIndex = decltype(index)::value;
          widen<kHalf * kGroups + kIndex>(*slabs[v], part, rows[v], levels[kIndex][0], levels[kIndex][1]);
        });
        const Words(*kept)[2] = levels;
        asm volatile("" : "+r"(kept) : : "memory");  // otherwise the compiler keeps sums in memory instead of levels
#pragma GCC unroll 1
        for (int t = 0; t < kTokens; t += kAtOnce) {
          sum_up<kHalf, kAtOnce>(x + t, sums[v] + t, [&](auto index, Words& first, Words& last) {
            first = kept[decltype(index)::value][0];
            last = kept[decltype(index)::value][1];
          });
        }
      }
    }
  }

 private:
  template <int kGroup>
  static inline __attribute__((always_inline)) void widen(const typename Format::Slab& slab, int part, int row,
                                                          Words& first, Words& last) {
    const auto levels = Format::template group<kGroup>(slab, part, row);
    first = Lanes::template first_words<Format>(levels);
    last = Lanes::template last_words<Format>(levels);
  }

  /// One vector's sums for kTokens tokens; get(index, first, last) gives a group's levels.
  template <int kHalf, int kTokens, class Get>
  static inline __attribute__((always_inline)) void sum_up(const Q16Block* const* x, Ints* sums, Get&& get) {
    Ints first_sums[kTokens], last_sums[kTokens];
    for_constants<0, kGroups>([&](auto index) {
      constexpr int kIndex = decltype(index)::value;
      Words first, last;
      get(index, first, last);
      for_constants<0, kTokens>([&](auto token) {
        constexpr int kToken = decltype(token)::value;
        const Words four = Lanes::four_words(reinterpret_cast<const std::byte*>(x[kToken]) + kQ16Quants +
                                             8 * (kHalf * kGroups + kIndex));
        if constexpr (kIndex == 0) {
          first_sums[kToken] = Lanes::multiply_words(first, four);
          last_sums[kToken] = Lanes::multiply_words(last, four);
        } else {
          Lanes::add_to(first_sums[kToken], Lanes::multiply_words(first, four));
          Lanes::add_to(last_sums[kToken], Lanes::multiply_words(last, four));
        }
      });
    });
    for_constants<0, kTokens>([&](auto token) {
      constexpr int kToken = decltype(token)::value;
      Ints sum = Lanes::add_pairs(first_sums[kToken], last_sums[kToken]);
      if constexpr (Format::kOffset != 0) {
        const std::int32_t offset = Format::kScales == 2 ? x[kToken]->sums[kHalf] : x[kToken]->sum;
        sum = Lanes::subtract(sum, Lanes::ints(offset * Format::kOffset));
      }
      sums[kToken] = sum;
    });
  }
};

}  // namespace
}  // namespace brim::kernels
