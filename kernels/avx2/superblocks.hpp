// Products of the 256-value formats with Q8Block256 activations, 32 values (a part) at a time. A Format is constructed
// from a block and gives quants(part): 32 unsigned levels of at most 63 (or, kSigned, signed ones) in the order of the
// values, and scales(part): their sub-block scales as int16. Pairs of products are added in 16 bits (at most 2 · 63 ·
// 127, and 2 · 127 · 127 for signed levels, whose sign moves to the activation), scaled by integers and added up in 32
// bits over the block; the float scales come only after that. For levels around zero that are stored with an offset
// (kOffset), offset · scale, times the activation sums of 16 values, is subtracted in integers. Formats with minimums
// (kMinimum) subtract those in the same way under a separate float scale.
#pragma once

#include <immintrin.h>

#include "kernels/shared/walk.ipp"
#include "quant/half.hpp"

namespace brim::kernels::avx2 {
namespace {

enum class Offsets { kNone, kOffset, kMinimum };

inline __m256i load_256(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
inline __m128i load_128(const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }

/// Eight 16-bit scales of 32 values each: scale number `part` in every word.
struct ScalesOf32 {
  __m256i twice;  ///< the eight scales in both halves

  explicit ScalesOf32(__m128i scales) : twice(_mm256_broadcastsi128_si256(scales)) {}
  __m256i at(int part) const {
    return _mm256_shuffle_epi8(twice, _mm256_set1_epi16(static_cast<short>(0x0100 + 0x0202 * part)));
  }
};

/// Sixteen 16-bit scales of 16 values each: scales 2·part and 2·part + 1, one per half.
struct ScalesOf16 {
  __m256i low, high;  ///< scales 0 … 7 in both halves, and 8 … 15

  explicit ScalesOf16(__m256i scales)
      : low(_mm256_permute2x128_si256(scales, scales, 0x00)), high(_mm256_permute2x128_si256(scales, scales, 0x11)) {}
  __m256i at(int part) const {
    const short first = static_cast<short>(0x0100 + 0x0202 * (2 * part % 8));
    const __m256i words =
        _mm256_inserti128_si256(_mm256_set1_epi16(first), _mm_set1_epi16(static_cast<short>(first + 0x0202)), 1);
    return _mm256_shuffle_epi8(part < 4 ? low : high, words);
  }
};

/// The 8 scales and 8 minimums of Q4_K and Q5_K (quant/six_bit_scales.hpp) as bytes: scales in the lower half.
inline __m128i load_six_bits(const std::uint8_t* packed) {
  std::uint64_t both;
  std::uint32_t upper;
  __builtin_memcpy(&both, packed, 8);
  __builtin_memcpy(&upper, packed + 8, 4);
  const std::uint64_t first = both & 0x3f3f3f3f3f3f3f3full;  // scales 0 … 3, minimums 0 … 3
  const std::uint64_t low = (upper & 0x0f0f0f0full) | static_cast<std::uint64_t>(upper >> 4 & 0x0f0f0f0fu) << 32;
  const std::uint64_t last = low | (both >> 2 & 0x3030303030303030ull);
  const __m128i pairs = _mm_set_epi64x(static_cast<long long>(last), static_cast<long long>(first));
  return _mm_shuffle_epi32(pairs, _MM_SHUFFLE(3, 1, 2, 0));
}

/// Each of the upper 8 bytes as two 16-bit numbers: a minimum applies to two sums of 16 activations.
inline __m256i minimums_of_six_bits(__m128i bytes) { return _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(bytes, bytes)); }

template <class Format>
struct Superblocks {
  using Block = typename Format::Block;
  static constexpr int kRows = 2;
  static constexpr int kTokens = 4;
  static constexpr int kStreams = 4;

  /// Adds one block of one row against Tokens activation blocks.
  template <int Tokens>
  static void add(const Block& block, const std::byte* activations, std::size_t activation_stride, __m256* sums) {
    const Format format(block);
    __m256i whole[Tokens];
    for (__m256i& sum : whole) sum = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int part = 0; part < 8; ++part) {
      const __m256i levels = format.quants(part);
      const __m256i scales = format.scales(part);
      for (int t = 0; t < Tokens; ++t) {
        const __m256i x = load_256(activations + static_cast<std::size_t>(t) * activation_stride + 64 + 32 * part);
        const __m256i pairs = Format::kSigned
                                  ? _mm256_maddubs_epi16(_mm256_abs_epi8(levels), _mm256_sign_epi8(x, levels))
                                  : _mm256_maddubs_epi16(levels, x);
        whole[t] = _mm256_add_epi32(whole[t], _mm256_madd_epi16(pairs, scales));
      }
    }
    for (int t = 0; t < Tokens; ++t) {
      const std::byte* x = activations + static_cast<std::size_t>(t) * activation_stride;
      float scale;
      __builtin_memcpy(&scale, x, 4);
      if constexpr (Format::kOffsets != Offsets::kNone) {
        const __m256i offset = _mm256_madd_epi16(format.offsets(), load_256(x + 32));
        if constexpr (Format::kOffsets == Offsets::kOffset) {
          whole[t] = _mm256_sub_epi32(whole[t], offset);
        } else {
          sums[t] = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(offset), _mm256_set1_ps(format.minimum() * scale), sums[t]);
        }
      }
      sums[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole[t]), _mm256_set1_ps(quant::load(block.super_scale) * scale),
                                sums[t]);
    }
  }

  template <int Rows, int Tokens>
  static void tile(const Product& p, std::int64_t row, std::int64_t token) {
    const Block* weights[Rows];
    for (int r = 0; r < Rows; ++r) {
      weights[r] = reinterpret_cast<const Block*>(p.weights + static_cast<std::size_t>(row + r) * p.row_bytes);
    }
    const std::byte* activations = p.activations + static_cast<std::size_t>(token) * p.activation_stride;
    __m256 sums[Rows][Tokens];
    for (auto& of_row : sums) {
      for (__m256& sum : of_row) sum = _mm256_setzero_ps();
    }
    const std::byte* next = p.weights + static_cast<std::size_t>(row + Rows) * p.row_bytes;
    constexpr std::int64_t kStepBytes = Rows * sizeof(Block);
    for (std::int64_t block = 0; block < p.cols / 256; ++block, activations += sizeof(Q8Block256)) {
      if constexpr (Rows == kStreams) ask_for(next + block * kStepBytes, kStepBytes);
      for (int r = 0; r < Rows; ++r) add<Tokens>(weights[r][block], activations, p.activation_stride, sums[r]);
    }
    for (int r = 0; r < Rows; ++r) {
      for (int t = 0; t < Tokens; ++t) {
        const __m128 half = _mm_add_ps(_mm256_castps256_ps128(sums[r][t]), _mm256_extractf128_ps(sums[r][t], 1));
        const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
        p.out[(token + t) * p.out_stride + row + r] = _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
      }
    }
  }
};

}  // namespace
}  // namespace brim::kernels::avx2
