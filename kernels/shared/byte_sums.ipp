// Sums of a panel's products (panel_products.ipp) for sets with 8-bit dot products: high and low bytes of the
// activations side by side. Where a tile has more tokens than Lanes::kAtOnce, the levels of a step are unpacked once
// and kept in the first-level cache, and the tokens are processed kAtOnce at a time: as many as have their sums in
// registers.
//
// Lanes also has: dot(sum, levels, four activations), and kSignedOffset: the amount that levels of 8 bits are shifted
// by to fit it (suited() does that).
#pragma once

#include "kernels/shared/constants.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

template <class Lanes, class Format>
struct ByteSums {
  using Bytes = typename Lanes::Bytes;
  using Ints = typename Lanes::Ints;
  static constexpr int kGroups = 8 / Format::kScales;
  static constexpr int kOffset = Format::kBits == 8 ? Lanes::kSignedOffset : Format::kOffset;

  template <int kHalf, int kVectors, int kTokens>
  static inline __attribute__((always_inline)) void whole(const typename Format::Slab* const* slabs, int part,
                                                          const int* rows, const Q16Block* const* x,
                                                          Ints (&sums)[kVectors][kTokens]) {
    const auto unpacked = [&](auto index, int v) __attribute__((always_inline)) {
      return Lanes::template suited<Format::kBits>(
          Format::template group<kHalf * kGroups + decltype(index)::value>(*slabs[v], part, rows[v]));
    };
    if constexpr (kTokens <= Lanes::kAtOnce) {
      sum_up<kHalf, kVectors, kTokens, kTokens>(x, sums, 0, unpacked);
    } else {
      static_assert(kTokens % Lanes::kAtOnce == 0);
      Bytes levels[kGroups][kVectors];
      for_constants<0, kGroups>([&](auto index) __attribute__((always_inline)) {
        for (int v = 0; v < kVectors; ++v) levels[decltype(index)::value][v] = unpacked(index, v);
      });
      const Bytes(*kept)[kVectors] = levels;
      asm volatile("" : "+r"(kept) : : "memory");  // otherwise the compiler keeps sums in memory instead of levels
#pragma GCC unroll 1
      for (int t = 0; t < kTokens; t += Lanes::kAtOnce) {
        sum_up<kHalf, kVectors, Lanes::kAtOnce, kTokens>(
            x + t, sums,
            t, [&](auto index, int v) __attribute__((always_inline)) { return kept[decltype(index)::value][v]; });
      }
    }
  }

 private:
  /// The sums of some tokens, from `token` on; get(group, vector) gives levels.
  template <int kHalf, int kVectors, int kSome, int kTokens, class Get>
  static inline __attribute__((always_inline)) void sum_up(const Q16Block* const* x, Ints (&sums)[kVectors][kTokens],
                                                           int token, Get get) {
    Ints high[kVectors][kSome], low[kVectors][kSome];
    for (int v = 0; v < kVectors; ++v) {
      for (int t = 0; t < kSome; ++t) high[v][t] = low[v][t] = Lanes::ints(0);
    }
    for_constants<0, kGroups>([&](auto index) __attribute__((always_inline)) {
      constexpr int kAt = 4 * (kHalf * kGroups + decltype(index)::value);
      Bytes levels[kVectors];
      for (int v = 0; v < kVectors; ++v) levels[v] = get(index, v);
      for (int t = 0; t < kSome; ++t) {
        const Bytes high_bytes = Lanes::four(x[t]->high + kAt);
        for (int v = 0; v < kVectors; ++v) high[v][t] = Lanes::dot(high[v][t], levels[v], high_bytes);
        const Bytes low_bytes = Lanes::four(x[t]->low + kAt);
        for (int v = 0; v < kVectors; ++v) low[v][t] = Lanes::dot(low[v][t], levels[v], low_bytes);
      }
    });
    for (int v = 0; v < kVectors; ++v) {
      for (int t = 0; t < kSome; ++t) {
        Ints sum = Lanes::join(high[v][t], low[v][t]);
        if constexpr (kOffset != 0) {
          sum = Lanes::subtract(sum, Lanes::ints((Format::kScales == 2 ? x[t]->sums[kHalf] : x[t]->sum) * kOffset));
        }
        sums[v][token + t] = sum;
      }
    }
  }
};

}  // namespace
}  // namespace brim::kernels
