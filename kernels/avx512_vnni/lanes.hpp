// Products of sixteen rows of a panel: vpdpbusd adds four products of unsigned and signed bytes into each row's sum.
#pragma once

#include "kernels/avx512/rows.hpp"
#include "kernels/shared/byte_sums.ipp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Lanes : avx512::Rows {
  static constexpr int kVectors = 2, kTokens = 4, kAtOnce = 4, kStreams = 4;
  static constexpr int kAhead = 2048;  ///< prefetch distance of each stream in bytes
  static constexpr int kSignedOffset = 128;

  template <class Format>
  using Sums = ByteSums<Lanes, Format>;

  /// Signed levels become unsigned by adding kSignedOffset.
  template <int kBits>
  static Bytes suited(Bytes levels) {
    if constexpr (kBits == 8) return _mm512_xor_si512(levels, _mm512_set1_epi8(-128));
    return levels;
  }

  static Ints dot(Ints sum, Bytes levels, Bytes values) { return _mm512_dpbusd_epi32(sum, levels, values); }
};

}  // namespace
}  // namespace brim::kernels::avx512_vnni
