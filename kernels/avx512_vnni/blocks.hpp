// Products of the 32-value formats with Q8Blocks32 activations. Four blocks of a row are one step: a Format's load()
// spreads them over two registers of unsigned bytes — the 16 first values of each block, then the 16 last values — and
// vpdpbusd adds four products into each of 16 sums, four sums per block, which are multiplied by the scale of their
// block in float.
//
// A format with levels around zero is stored as level + kOffset: the offset times the block's activation sum is
// subtracted, exactly, before the first product is added. A format with kMinimum adds minimum · (activation sum) in
// float. No sum overflows: a lane reaches at most 4 · 255 · 127 · 2.
#pragma once

#include <immintrin.h>

#include "kernels/shared/walk.ipp"

namespace brim::kernels::avx512_vnni {
namespace {

struct FourBlocks {
  __m512i first;   ///< values 0 … 15 of blocks 0, 1, 2, 3, unsigned
  __m512i last;    ///< values 16 … 31
  __m512 scale;    ///< of blocks 0, 1, 2, 3, four lanes each
  __m512 minimum;  ///< the same; only with kMinimum
};

/// 32 word positions for vpermw and vpermt2w.
struct Words {
  alignas(64) std::uint16_t at[32];
};

/// Eight words of each of four blocks, the first at word `offset` of a block of `block_words` words. The words are
/// looked up in two registers; the first begins at word `begin` and the second at word `second`.
constexpr Words block_words(int block_words, int offset, int begin, int second) {
  Words words{};
  for (int i = 0; i < 32; ++i) {
    const int word = i / 8 * block_words + offset + i % 8;
    words.at[i] = static_cast<std::uint16_t>(word - begin < 32 ? word - begin : 32 + word - second);
  }
  return words;
}

/// One word of each of four blocks, repeated `times` times (4 for scales as halves in the lower 16 words, 8 to fill a
/// block's lane).
constexpr Words repeated_words(int block_words, int offset, int second, int times) {
  Words words{};
  for (int i = 0; i < 4 * times; ++i) {
    const int word = i / times * block_words + offset;
    words.at[i] = static_cast<std::uint16_t>(word < 32 ? word : 32 + word - second);
  }
  return words;
}

inline __m512i load_512(const void* at) { return _mm512_loadu_si512(at); }

inline __m512i pick(__m512i first, const Words& words, __m512i second) {
  return _mm512_permutex2var_epi16(first, load_512(words.at), second);
}

/// The selected halves as 16 floats.
inline __m512 pick_halves(__m512i first, const Words& words, __m512i second) {
  return _mm512_cvtph_ps(_mm512_castsi512_si256(pick(first, words, second)));
}

inline __m512i low_nibbles(__m512i bytes) { return _mm512_and_si512(bytes, _mm512_set1_epi8(15)); }
inline __m512i high_nibbles(__m512i bytes) { return low_nibbles(_mm512_srli_epi16(bytes, 4)); }

/// Adds 16 to byte i of each 16-byte lane where bit i of that lane's word is set; `bits` holds the word eight times.
inline __m512i add_fifth_bits(__m512i nibbles, __m512i bits) {
  const __m512i spread = _mm512_shuffle_epi8(bits, _mm512_set4_epi32(0x01010101, 0x01010101, 0, 0));
  const __mmask64 set = _mm512_test_epi8_mask(spread, _mm512_set1_epi64(static_cast<long long>(0x8040201008040201ull)));
  return _mm512_mask_add_epi8(nibbles, set, nibbles, _mm512_set1_epi8(16));
}

template <class Format>
struct Blocks {
  static constexpr int kRows = 4;
  static constexpr int kTokens = 4;
  static constexpr int kStreams = 8;
  static constexpr std::int64_t kStep = 4 * sizeof(typename Format::Block);  ///< bytes of four blocks
  static constexpr std::int64_t kBlock = sizeof(Q8Blocks32);

  /// One step: four blocks `offset` bytes into each row, against one half of the activations of a Q8Blocks32.
  template <int Rows, int Tokens>
  static void step(const std::byte* const* weights, std::int64_t offset, const std::byte* activations,
                   std::int64_t half, std::size_t activation_stride, __m512 (&sums)[Rows][Tokens]) {
    const __m512i four_each = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    __m512 scales[Tokens], offset_sums[Tokens];
    __m512i starts[Tokens];
    for (int t = 0; t < Tokens; ++t) {
      const std::byte* block = activations + static_cast<std::size_t>(t) * activation_stride;
      const __m128 block_scales = _mm_loadu_ps(reinterpret_cast<const float*>(block + 16 * half));
      scales[t] = _mm512_permutexvar_ps(four_each, _mm512_castps128_ps512(block_scales));
      const __m128i block_sums = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 32 + 16 * half));
      starts[t] = _mm512_maskz_permutexvar_epi32(0x1111, four_each, _mm512_castsi128_si512(block_sums));
      if constexpr (Format::kMinimum) {
        offset_sums[t] = _mm512_mul_ps(scales[t], _mm512_cvtepi32_ps(starts[t]));
        starts[t] = _mm512_setzero_si512();
      } else {
        starts[t] = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(starts[t], Format::kOffsetShift));
      }
    }
    for (int r = 0; r < Rows; ++r) {
      const FourBlocks four = Format::load(weights[r] + offset);
      for (int t = 0; t < Tokens; ++t) {
        const std::byte* quants = activations + static_cast<std::size_t>(t) * activation_stride + 64 + 128 * half;
        __m512i sum = _mm512_dpbusd_epi32(starts[t], four.first, load_512(quants));
        sum = _mm512_dpbusd_epi32(sum, four.last, load_512(quants + 64));
        sums[r][t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_mul_ps(four.scale, scales[t]), sums[r][t]);
        if constexpr (Format::kMinimum) sums[r][t] = _mm512_fmadd_ps(four.minimum, offset_sums[t], sums[r][t]);
      }
    }
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
    const std::int64_t steps = p.cols / 128;
    std::int64_t offset = 0;
    const std::byte* next = p.weights + static_cast<std::size_t>(row + Rows) * p.row_bytes;
    for (std::int64_t s = 0; s < steps; ++s, offset += kStep) {
      if constexpr (Rows == kStreams) ask_for(next + s * Rows * kStep, Rows * kStep);
      step<Rows, Tokens>(weights, offset, activations + s / 2 * kBlock, s % 2, p.activation_stride, sums);
    }
    if (const std::int64_t left = p.cols % 128 / 32; left > 0) {
      // The last blocks, if fewer than four, are padded with zeros: a zero scale adds nothing.
      std::byte rest[Rows][kStep] = {};
      const std::byte* rests[Rows];
      for (int r = 0; r < Rows; ++r) {
        __builtin_memcpy(rest[r], weights[r] + offset, static_cast<std::size_t>(left) * sizeof(typename Format::Block));
        rests[r] = rest[r];
      }
      step<Rows, Tokens>(rests, 0, activations + steps / 2 * kBlock, steps % 2, p.activation_stride, sums);
    }
    for (int r = 0; r < Rows; ++r) {
      for (int t = 0; t < Tokens; ++t) p.out[(token + t) * p.out_stride + row + r] = _mm512_reduce_add_ps(sums[r][t]);
    }
  }
};

}  // namespace
}  // namespace brim::kernels::avx512_vnni
