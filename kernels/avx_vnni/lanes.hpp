// Products of eight rows of a panel: vpdpbusd adds four products of unsigned and signed bytes into each row's sum.
#pragma once

#include "kernels/avx2/rows.hpp"
#include "kernels/shared/byte_sums.ipp"

namespace brim::kernels::avx_vnni {
namespace {

struct Common : avx2::Rows {
  static constexpr int kVectors = 2, kStreams = 2;
  static constexpr int kAhead = 2048;  ///< prefetch distance of each stream in bytes
  static constexpr int kSignedOffset = 128;

  /// Signed levels become unsigned by adding kSignedOffset.
  template <int kBits>
  static Bytes suited(Bytes levels) {
    if constexpr (kBits == 8) return _mm256_xor_si256(levels, _mm256_set1_epi8(-128));
    return levels;
  }

  static Ints dot(Ints sum, Bytes levels, Bytes values) { return _mm256_dpbusd_avx_epi32(sum, levels, values); }
};

/// Levels that are cheap to unpack are unpacked again for every three tokens: the high and low sums of two vectors take
/// twelve registers.
struct Lanes : Common {
  static constexpr int kTokens = 3, kAtOnce = 3;
  template <class Format>
  using Sums = ByteSums<Lanes, Format>;
};

/// Levels that are assembled from two places are worth keeping for many tokens.
struct KeepingLanes : Common {
  static constexpr int kTokens = 16, kAtOnce = 2;
  template <class Format>
  using Sums = ByteSums<KeepingLanes, Format>;
};

}  // namespace
}  // namespace brim::kernels::avx_vnni
