// Values that are stored in levels, added up without converting these to floats: for sets with 8-bit or 16-bit dot
// products (Vector::Dots). What a value adds to a row is weight · scale · level. For each 32 entries of a block, and each
// block of 32 values, the products weight · scale are rounded to 16 bits with one scale of their own, as queries are
// (attention_levels.ipp); levels are multiplied by these and added up as integers, exactly. So what is added follows from
// the row's weights alone, whichever instructions compute it and whatever rows share the call.
//
// The levels of Dots::kGroup neighbouring entries lie side by side for each dimension: a register of them is multiplied
// by one broadcast group of weights. They are brought into that order once per block of entries, for all rows. A float
// product takes one multiplication per entry, vector of dimensions and row, and the conversion of every level before it;
// this takes half of the former with VNNI, and of the latter a few operations on bytes.
#pragma once

#include "kernels/shared/attention_levels.ipp"

namespace brim::kernels {
namespace {

/// How a block of values lies in scratch: [block of 32 dimensions][its half][group of entries][16 dimensions][entry of
/// the group], a byte each; behind them scales[block of dimensions][column]; behind these a bit for each column whose
/// scale is not finite, and is 0 among the scales.
template <class Vector>
struct SpreadLevels {
  static constexpr int kHalf = kKvBlock / 2, kHalfBytes = kHalf * kAttentionBlock;
  std::byte* levels;
  float* scales;
  std::uint64_t* damaged;
  int blocks;

  explicit SpreadLevels(const AttentionScratch& s)
      : levels(reinterpret_cast<std::byte*>(s.values)), blocks((s.call.value_size + kKvBlock - 1) / kKvBlock) {
    scales = reinterpret_cast<float*>(levels + std::int64_t{blocks} * 2 * kHalfBytes);
    damaged = reinterpret_cast<std::uint64_t*>(scales + std::int64_t{blocks} * kAttentionBlock);
  }
  /// The group with these columns, from dimension 16 · half of a block on.
  std::byte* group(int block, int half, int column) const {
    return levels + (std::int64_t{block} * 2 + half) * kHalfBytes + column * kHalf;
  }
};

template <class Vector, KvType kType>
struct LevelValues {
  using Batch = typename Vector::Batch;
  using Bytes = typename Vector::Bytes;
  using Dots = typename Vector::Dots;
  using Spread = SpreadLevels<Vector>;
  static constexpr int kWidth = Vector::kWidth, kBlock = kAttentionBlock, kGroup = Dots::kGroup;
  static constexpr int kHalf = Spread::kHalf;
  static constexpr int kBytes = static_cast<int>(sizeof(Bytes)), kGroupBytes = kHalf * kGroup;
  /// Columns that are brought into order together: at least a register of levels.
  static constexpr int kColumns = (kBytes > kGroupBytes ? kBytes : kGroupBytes) / kHalf;
  static_assert(kBlock % kColumns == 0 && kColumns % kGroup == 0 && kKvBlock % (2 * kWidth) == 0);

  __attribute__((noinline)) static void spread(const AttentionScratch& s, const AttentionBlock& block,
                                               const PackedEntries& packed, const EntriesAhead& ahead) noexcept {
    const Spread to(s);
    for (int column = block.first / kColumns * kColumns; column < block.end; column += kColumns) {
      prefetch(ahead, column, packed.value_stride);
      const std::byte* from = packed.values + static_cast<std::size_t>(column) * packed.value_stride;
      for (int b = 0; b < to.blocks; ++b, from += kv_block_bytes(kType)) {
        const int left = s.call.value_size - b * kKvBlock;
        if (left >= kKvBlock) {
          order_whole(to, b, column, from + 2, packed.value_stride);
        } else {
          order_levels(to, b, column, from + 2, packed.value_stride, left);
        }
      }
    }
    for (int b = 0; b < to.blocks; ++b) read_scales(to, b, block, packed);
  }

  /// AttentionValueKernels::Add, after spread.
  template <int kRows>
  __attribute__((noinline)) static void add(const AttentionScratch& s, std::int64_t row, AttentionColumns seen,
                                            const PackedEntries&, const EntriesAhead&, const float* factors) noexcept {
    const Spread from(s);
    QueryBlock weights[2][kRows];
    for (int b = 0; b < from.blocks; ++b) {
      for (int half = 0; half < 2; ++half) {
        for (int r = 0; r < kRows; ++r) round(s, from, b, half, r, seen, weights[half][r]);
      }
      const int end = s.value_stride - b * kKvBlock < kKvBlock ? s.value_stride - b * kKvBlock : kKvBlock;
      int d = 0;
      for (; d + 2 * kWidth <= end; d += 2 * kWidth) tile<kRows, 2>(s, from, row, b, d, seen, weights, factors);
      if (d < end) tile<kRows, 1>(s, from, row, b, d, seen, weights, factors);
    }
  }

  static constexpr AttentionValueKernels kernels() {
    return {spread, {add<1>, add<2>, add<3>, add<4>, add<5>, add<6>}, {add<1>, add<2>, add<3>, add<4>, add<5>, add<6>}};
  }

 private:
  static void prefetch(const EntriesAhead& ahead, int column, std::size_t stride) {
    const auto bytes = static_cast<std::ptrdiff_t>(stride);
    const std::ptrdiff_t end = (column + kColumns) * bytes;
    for (std::ptrdiff_t at = (column * bytes + 63) / 64 * 64; at < end; at += 64) {
      __builtin_prefetch((at < ahead.value_bytes ? ahead.values[0] : ahead.values[1] - ahead.value_bytes) + at, 0, 3);
    }
  }

  /// Interleaves sixteen bytes of each of kColumns entries, group by group, in `raw`.
  static void interleave(const std::byte* from, std::size_t stride, std::byte* raw) {
    for (int group = 0; group < kColumns / kGroup; ++group) {
      Dots::interleave(from + static_cast<std::size_t>(group * kGroup) * stride, stride, raw + group * kGroupBytes);
    }
  }
  static void store_levels(const std::byte* raw, std::byte* to) {
    for (int at = 0; at < kColumns * kHalf; at += kBytes) {
      Vector::store_bytes(to + at, Dots::stored(Vector::load_bytes(raw + at)));
    }
  }

  static void order_whole(const Spread& to, int b, int column, const std::byte* from, std::size_t stride) {
    alignas(64) std::byte raw[kColumns * kHalf];
    if constexpr (kType == KvType::q8_0) {
      for (int half = 0; half < 2; ++half) {
        interleave(from + half * kHalf, stride, raw);
        store_levels(raw, to.group(b, half, column));
      }
    } else if constexpr (kType == KvType::q4_0) {
      interleave(from, stride, raw);
      for (int at = 0; at < kColumns * kHalf; at += kBytes) {
        const Bytes pairs = Vector::load_bytes(raw + at);
        Vector::store_bytes(to.group(b, 0, column) + at, Dots::stored(Vector::low_levels(pairs)));
        Vector::store_bytes(to.group(b, 1, column) + at, Dots::stored(Vector::high_levels(pairs)));
      }
    } else {
      order_levels(to, b, column, from, stride, kKvBlock);
    }
  }

  /// A block of `count` values, with zeros behind them.
  static void order_levels(const Spread& to, int b, int column, const std::byte* from, std::size_t stride, int count) {
    alignas(64) std::int8_t levels[kColumns][kKvBlock];
    for (std::size_t e = 0; e < kColumns; ++e) {
      if constexpr (kType == KvType::q8_0) {
        __builtin_memset(levels[e], 0, kKvBlock);
        __builtin_memcpy(levels[e], from + e * stride, static_cast<std::size_t>(count));
      } else {
        all_levels<kType>(from + e * stride, count, levels[e]);
      }
    }
    alignas(64) std::byte raw[kColumns * kHalf];
    for (int half = 0; half < 2; ++half) {
      interleave(reinterpret_cast<const std::byte*>(levels) + half * kHalf, kKvBlock, raw);
      store_levels(raw, to.group(b, half, column));
    }
  }

  static void read_scales(const Spread& to, int b, const AttentionBlock& block, const PackedEntries& packed) {
    float* scales = to.scales + b * kBlock;
    Batch zeros(0.0f);
    for (int e = block.first / kWidth * kWidth; e < block.end; e += kWidth) {
      std::uint16_t halves[kWidth];
      const std::byte* at =
          packed.values + static_cast<std::size_t>(e) * packed.value_stride + b * kv_block_bytes(kType);
      for (std::size_t i = 0; i < kWidth; ++i) __builtin_memcpy(halves + i, at + i * packed.value_stride, 2);
      const Batch read = Vector::load_half(halves);
      zeros = Vector::fma(read, Batch(0.0f), zeros);
      Vector::store(scales + e, read);
    }
    to.damaged[b] = 0;
    if (Vector::sum(zeros) == 0.0f) return;
    for (int e = block.first / kWidth * kWidth; e < block.end; ++e) {
      if (scales[e] * 0.0f == 0.0f) continue;
      to.damaged[b] |= std::uint64_t{1} << e;
      scales[e] = 0.0f;
    }
  }

  /// The products of a row's weights and scales for 32 columns, rounded; NaN where the row sees a scale that is not
  /// finite.
  static void round(const AttentionScratch& s, const Spread& from, int b, int half, int r, AttentionColumns seen,
                    QueryBlock& block) {
    constexpr int kVectors = kKvBlock / kWidth;
    const float* weights = s.weights + r * kBlock;
    const float* scales = from.scales + b * kBlock;
    const int first = seen.first / kWidth * kWidth;
    Batch products[kVectors], largest(0.0f);
    for (int i = 0; i < kVectors; ++i) {
      const int e = half * kKvBlock + i * kWidth;
      products[i] = e >= first && e < seen.end ? Vector::load(weights + e) * Vector::load(scales + e) : Batch(0.0f);
      largest = xsimd::max(largest, xsimd::abs(products[i]));
    }
    block = {};
    const float max = Vector::largest(largest);
    if (max >= 1e-30f) {
      block.scale = max / 32512.0f;
      const Batch inverse(32512.0f / max);
      for (int i = 0; i < kVectors; ++i) Dots::round(products[i] * inverse, i * kWidth, block.quants);
      block.offset = Dots::sum(block.quants) * Dots::kOffset;
    }
    if (from.damaged[b] == 0) return;
    for (int e = seen.first > half * kKvBlock ? seen.first : half * kKvBlock; e < seen.end && e < (half + 1) * kKvBlock;
         ++e) {
      if ((from.damaged[b] >> e & 1) != 0 && weights[e] != 0.0f) block.scale = __builtin_nanf("");
    }
  }

  /// Adds dimensions [d, d + kVectors · kWidth) of block `b` to the rows' sums.
  template <int kRows, int kVectors>
  inline __attribute__((always_inline)) static void tile(const AttentionScratch& s, const Spread& from,
                                                         std::int64_t row, int b, int d, AttentionColumns seen,
                                                         const QueryBlock (&weights)[2][kRows], const float* factors) {
    float* out = s.out + row * s.value_stride + b * kKvBlock + d;
    for (int half = 0; half < 2; ++half) {
      const int origin = half * kKvBlock;
      const int first = seen.first > origin ? (seen.first - origin) / kGroup : 0;
      const int end = seen.end - origin < kKvBlock ? (seen.end - origin + kGroup - 1) / kGroup : kKvBlock / kGroup;
      typename Dots::Sums sums[kRows][kVectors];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums[r][v] = Dots::none();
      }
#pragma GCC unroll 1
      for (int g = first; g < end; ++g) {
        typename Dots::Levels levels[kVectors];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          const int dimension = d + v * kWidth;
          levels[v] = Dots::load(from.group(b, dimension / kHalf, origin + g * kGroup) + dimension % kHalf * kGroup);
        }
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
          for (int v = 0; v < kVectors; ++v) Dots::add(sums[r][v], levels[v], weights[half][r].quants + g);
        }
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          float* at = out + r * s.value_stride + v * kWidth;
          const Batch before = half == 0 ? Vector::load(at) * Batch(factors[r]) : Vector::load(at);
          const Batch sum = Dots::floats(sums[r][v], weights[half][r].offset);
          Vector::store(at, Vector::fma(sum, Batch(weights[half][r].scale), before));
        }
      }
    }
  }
};

}  // namespace
}  // namespace brim::kernels
