// Products of the 256-value formats with Q8Block256 activations. A Format's load() spreads a block over four registers
// of 64 unsigned bytes in the order of the values. Pairs of products are added in 16 bits (exact: the levels go up to
// 63 and the activations to 127), multiplied by their sub-block's integer scale and added up in 32 bits over the whole
// block; the two float scales come only after that. A format with levels around zero (kSigned) keeps them as level +
// offset: offset · scale, times the activation sums of 16 values each, is subtracted in integers. A format with
// minimums subtracts them in the same way, under a separate float scale.
#pragma once

#include <immintrin.h>

#include "kernels/shared/walk.ipp"
#include "quant/half.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Superblock {
  __m512i quants[4];  ///< values 64 i … 64 i + 63, unsigned
  __m512i scales[4];  ///< the scale of each value pair as int16; with kWide of each four values as int32
  __m256i offsets;    ///< 16 × int16: the factor of each sum of 16 activations that is subtracted
  float scale;
  float minimum;  ///< float scale of `offsets`; with kSigned it is `scale`
};

inline __m512i load_512(const void* at) { return _mm512_loadu_si512(at); }

/// 32 bytes, twice.
inline __m512i load_twice(const std::uint8_t* at) {
  return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

/// `lower` in the lower 256 bits, `upper` in the upper, as 16-bit counts for variable shifts.
inline __m512i two_counts(short lower, short upper) {
  return _mm512_inserti64x4(_mm512_set1_epi16(lower), _mm256_set1_epi16(upper), 1);
}

/// 16 scales as int16, of 16 values each, spread for values 64 i … 64 i + 63.
template <int kIndex>
__m512i spread_16(__m256i scales) {
  const __m512i within =
      _mm512_set_epi16(3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  return _mm512_permutexvar_epi16(_mm512_add_epi16(within, _mm512_set1_epi16(4 * kIndex)),
                                  _mm512_castsi256_si512(scales));
}

/// 8 scales as int16, of 32 values each, the same.
template <int kIndex>
__m512i spread_32(__m128i scales) {
  return _mm512_permutexvar_epi16(two_counts(2 * kIndex, 2 * kIndex + 1), _mm512_castsi128_si512(scales));
}

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

/// Fills in scales and offsets from load_six_bits: a minimum applies to two sums of 16 values.
inline void set_six_bits(const std::uint8_t* packed, Superblock& out) {
  const __m128i bytes = load_six_bits(packed);
  const __m128i scales = _mm_cvtepu8_epi16(bytes);
  out.scales[0] = spread_32<0>(scales);
  out.scales[1] = spread_32<1>(scales);
  out.scales[2] = spread_32<2>(scales);
  out.scales[3] = spread_32<3>(scales);
  const __m128i minimums = _mm_unpackhi_epi8(bytes, bytes);
  out.offsets = _mm256_cvtepu8_epi16(minimums);
}

/// Fills in scales, and offsets as 2^kShift times them, from 16 scales as int16.
template <int kShift>
void set_signed_scales(__m256i scales, Superblock& out) {
  out.scales[0] = spread_16<0>(scales);
  out.scales[1] = spread_16<1>(scales);
  out.scales[2] = spread_16<2>(scales);
  out.scales[3] = spread_16<3>(scales);
  out.offsets = _mm256_slli_epi16(scales, kShift);
  out.minimum = out.scale;
}

template <class Format>
struct Superblocks {
  static constexpr int kRows = 2;
  static constexpr int kTokens = 4;
  static constexpr int kStreams = 8;

  static __m512i dot(const Superblock& block, const std::byte* quants) {
    __m512i sum = _mm512_setzero_si512();
    for (int i = 0; i < 4; ++i) {
      const __m512i values = load_512(quants + 64 * i);
      if constexpr (Format::kWide) {
        const __m512i fours = _mm512_dpbusd_epi32(_mm512_setzero_si512(), block.quants[i], values);
        sum = _mm512_add_epi32(sum, _mm512_mullo_epi32(fours, block.scales[i]));
      } else {
        sum = _mm512_dpwssd_epi32(sum, _mm512_maddubs_epi16(block.quants[i], values), block.scales[i]);
      }
    }
    return sum;
  }

  template <int Rows, int Tokens>
  static void tile(const Product& p, std::int64_t row, std::int64_t token) {
    const std::byte* weights[Rows];
    for (int r = 0; r < Rows; ++r) weights[r] = p.weights + static_cast<std::size_t>(row + r) * p.row_bytes;
    const std::byte* activations = p.activations + static_cast<std::size_t>(token) * p.activation_stride;
    __m512 sums[Rows][Tokens];
    for (auto& of_row : sums) {
      for (__m512& sum : of_row) sum = _mm512_setzero_ps();
    }
    const std::byte* next = p.weights + static_cast<std::size_t>(row + Rows) * p.row_bytes;
    constexpr std::int64_t kBlockBytes = sizeof(typename Format::Block);
    for (std::int64_t c = 0; c < p.cols; c += 256, activations += sizeof(Q8Block256)) {
      if constexpr (Rows == kStreams) ask_for(next + c / 256 * Rows * kBlockBytes, Rows * kBlockBytes);
      for (int r = 0; r < Rows; ++r) {
        const Superblock block =
            Format::load(weights[r] + c / 256 * static_cast<std::int64_t>(sizeof(typename Format::Block)));
        for (int t = 0; t < Tokens; ++t) {
          const std::byte* x = activations + static_cast<std::size_t>(t) * p.activation_stride;
          float scale;
          __builtin_memcpy(&scale, x, 4);
          const __m256i of_16 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 32));
          const __m512i offset = _mm512_zextsi256_si512(_mm256_madd_epi16(block.offsets, of_16));
          __m512i sum = dot(block, x + 64);
          if constexpr (Format::kSigned) {
            sum = _mm512_sub_epi32(sum, offset);
          } else {
            sums[r][t] =
                _mm512_fnmadd_ps(_mm512_cvtepi32_ps(offset), _mm512_set1_ps(block.minimum * scale), sums[r][t]);
          }
          sums[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(block.scale * scale), sums[r][t]);
        }
      }
    }
    for (int r = 0; r < Rows; ++r) {
      for (int t = 0; t < Tokens; ++t) p.out[(token + t) * p.out_stride + row + r] = _mm512_reduce_add_ps(sums[r][t]);
    }
  }
};

}  // namespace
}  // namespace brim::kernels::avx512_vnni
