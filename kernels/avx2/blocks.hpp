// Products of the 32-value formats with Q8Blocks32 activations. Four blocks of a row are one step, two at a time: one
// register holds the 16 first values of two blocks, another their 16 last values. A Format's load() returns them as
// unsigned levels or (kSigned) as signed ones.
//
// vpmaddubsw adds two products of an unsigned and a signed byte in 16 bits and saturates, so its inputs are limited:
// unsigned levels are at most 31 (two of these sums still fit: 4 · 31 · 127 = 15,748), and a signed level moves its
// sign to the activation, which gives at most 2 · 128 · 127 = 32,512. For a format with levels around zero and
// kOffsetShift ≥ 0, the offset times the activation sum is subtracted in integers.
#pragma once

#include <immintrin.h>

#include "kernels/shared/walk.ipp"
#include "quant/half.hpp"

namespace brim::kernels::avx2 {
namespace {

struct FourBlocks {
  __m256i first[2];  ///< values 0 … 15 of blocks 0 and 1, of blocks 2 and 3
  __m256i last[2];   ///< values 16 … 31
  __m128 scale;      ///< of the four blocks
  __m128 minimum;    ///< the same; only with kMinimum
};

inline __m256i load_256(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
inline __m128i load_128(const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }

/// 16 bytes from each of two places.
inline __m256i load_pair(const void* low, const void* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_128(low)), load_128(high), 1);
}

inline __m256i low_nibbles(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi8(15)); }
inline __m256i high_nibbles(__m256i bytes) { return low_nibbles(_mm256_srli_epi16(bytes, 4)); }

/// A half from each of four blocks.
inline __m128 four_halves(const quant::Half& a, const quant::Half& b, const quant::Half& c, const quant::Half& d) {
  const std::uint64_t bits = static_cast<std::uint64_t>(quant::load_u16(a.bytes)) |
                             static_cast<std::uint64_t>(quant::load_u16(b.bytes)) << 16 |
                             static_cast<std::uint64_t>(quant::load_u16(c.bytes)) << 32 |
                             static_cast<std::uint64_t>(quant::load_u16(d.bytes)) << 48;
  return _mm_cvtph_ps(_mm_cvtsi64_si128(static_cast<long long>(bits)));
}

/// The quants of two blocks as low and high nibbles into pair `pair` of `out`.
template <class Block>
void load_nibbles(const Block* blocks, FourBlocks& out) {
  for (int pair = 0; pair < 2; ++pair) {
    const __m256i nibbles = load_pair(blocks[2 * pair].quants, blocks[2 * pair + 1].quants);
    out.first[pair] = low_nibbles(nibbles);
    out.last[pair] = high_nibbles(nibbles);
  }
}

/// Byte i of each half becomes 16 where bit i of a 16-bit word is set; the words are repeated in every 16 bits.
inline __m256i fifth_bits(int low_word, int high_word) {
  const __m256i words = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_set1_epi16(static_cast<short>(low_word))),
                                                _mm_set1_epi16(static_cast<short>(high_word)), 1);
  const __m256i bytes = _mm256_shuffle_epi8(words, _mm256_setr_epi64x(0, 0x0101010101010101, 0, 0x0101010101010101));
  const __m256i bits = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
  return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(bytes, bits), bits), _mm256_set1_epi8(16));
}

/// Adds the fifth bits of four blocks to nibbles that are already loaded, with high_bits.
template <class Block>
void add_fifth_bits(const Block* blocks, FourBlocks& out) {
  for (int pair = 0; pair < 2; ++pair) {
    const std::uint8_t* low = blocks[2 * pair].high_bits;
    const std::uint8_t* high = blocks[2 * pair + 1].high_bits;
    out.first[pair] = _mm256_or_si256(out.first[pair], fifth_bits(quant::load_u16(low), quant::load_u16(high)));
    out.last[pair] = _mm256_or_si256(out.last[pair], fifth_bits(quant::load_u16(low + 2), quant::load_u16(high + 2)));
  }
}

/// Number 2·pair in the lower four lanes, number 2·pair + 1 in the upper four.
inline __m256 spread(__m128 four, int pair) {
  const __m256i lanes = _mm256_add_epi32(_mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), _mm256_set1_epi32(2 * pair));
  return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(four), lanes);
}

template <class Format>
struct Blocks {
  using Block = typename Format::Block;
  static constexpr int kRows = 2;
  static constexpr int kTokens = 4;
  static constexpr int kStreams = 4;

  static __m256i dot(__m256i first, __m256i last, const std::byte* quants) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i x = load_256(quants), y = load_256(quants + 64);
    if constexpr (Format::kSigned) {
      const __m256i a = _mm256_maddubs_epi16(_mm256_abs_epi8(first), _mm256_sign_epi8(x, first));
      const __m256i b = _mm256_maddubs_epi16(_mm256_abs_epi8(last), _mm256_sign_epi8(y, last));
      return _mm256_add_epi32(_mm256_madd_epi16(a, ones), _mm256_madd_epi16(b, ones));
    } else {
      const __m256i sums = _mm256_add_epi16(_mm256_maddubs_epi16(first, x), _mm256_maddubs_epi16(last, y));
      return _mm256_madd_epi16(sums, ones);
    }
  }

  /// One step: four blocks of each row, against one half of the activations of a Q8Blocks32.
  template <int Rows, int Tokens>
  static void step(const Block* const* weights, const std::byte* activations, std::int64_t half,
                   std::size_t activation_stride, __m256 (&sums)[Rows][Tokens]) {
    __m256 scales[Tokens][2], offset_sums[Tokens][2];
    __m256i offsets[Tokens][2];
    for (int t = 0; t < Tokens; ++t) {
      const std::byte* block = activations + static_cast<std::size_t>(t) * activation_stride;
      const __m128 block_scales = _mm_loadu_ps(reinterpret_cast<const float*>(block + 16 * half));
      const __m128 block_sums = _mm_loadu_ps(reinterpret_cast<const float*>(block + 32 + 16 * half));
      for (int pair = 0; pair < 2; ++pair) {
        scales[t][pair] = spread(block_scales, pair);
        const __m256i first_lanes = _mm256_setr_epi32(-1, 0, 0, 0, -1, 0, 0, 0);
        const __m256i of_blocks = _mm256_and_si256(_mm256_castps_si256(spread(block_sums, pair)), first_lanes);
        if constexpr (Format::kMinimum) {
          offset_sums[t][pair] = _mm256_mul_ps(scales[t][pair], _mm256_cvtepi32_ps(of_blocks));
        } else if constexpr (!Format::kSigned) {
          offsets[t][pair] = _mm256_slli_epi32(of_blocks, Format::kOffsetShift);
        }
      }
    }
    for (int r = 0; r < Rows; ++r) {
      const FourBlocks four = Format::load(weights[r]);
      for (int pair = 0; pair < 2; ++pair) {
        const __m256 scale = spread(four.scale, pair);
        for (int t = 0; t < Tokens; ++t) {
          const std::byte* quants =
              activations + static_cast<std::size_t>(t) * activation_stride + 64 + 128 * half + 32 * pair;
          __m256i sum = dot(four.first[pair], four.last[pair], quants);
          if constexpr (!Format::kMinimum && !Format::kSigned) sum = _mm256_sub_epi32(sum, offsets[t][pair]);
          sums[r][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_mul_ps(scale, scales[t][pair]), sums[r][t]);
          if constexpr (Format::kMinimum) {
            sums[r][t] = _mm256_fmadd_ps(spread(four.minimum, pair), offset_sums[t][pair], sums[r][t]);
          }
        }
      }
    }
  }

  template <int Rows, int Tokens>
  static void tile(const Product& p, std::int64_t row, std::int64_t token) {
    const Block* weights[Rows];
    for (int r = 0; r < Rows; ++r) {
      weights[r] = reinterpret_cast<const Block*>(p.weights + static_cast<std::size_t>(row + r) * p.row_bytes);
    }
    const std::byte* activations = p.activations + static_cast<std::size_t>(token) * p.activation_stride;
    constexpr std::int64_t kGroup = sizeof(Q8Blocks32);
    __m256 sums[Rows][Tokens];
    for (auto& of_row : sums) {
      for (__m256& sum : of_row) sum = _mm256_setzero_ps();
    }
    const std::int64_t steps = p.cols / 128;
    const std::byte* next = p.weights + static_cast<std::size_t>(row + Rows) * p.row_bytes;
    constexpr std::int64_t kStepBytes = Rows * 4 * sizeof(Block);
    for (std::int64_t s = 0; s < steps; ++s) {
      if constexpr (Rows == kStreams) ask_for(next + s * kStepBytes, kStepBytes);
      step<Rows, Tokens>(weights, activations + s / 2 * kGroup, s % 2, p.activation_stride, sums);
      for (int r = 0; r < Rows; ++r) weights[r] += 4;
    }
    if (const std::int64_t left = p.cols % 128 / 32; left > 0) {
      // The last blocks, if fewer than four, are padded with zeros: a zero scale adds nothing.
      Block rest[Rows][4];
      __builtin_memset(rest, 0, sizeof rest);
      for (int r = 0; r < Rows; ++r) {
        __builtin_memcpy(rest[r], weights[r], static_cast<std::size_t>(left) * sizeof(Block));
        weights[r] = rest[r];
      }
      step<Rows, Tokens>(weights, activations + steps / 2 * kGroup, steps % 2, p.activation_stride, sums);
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
