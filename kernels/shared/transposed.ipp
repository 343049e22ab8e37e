// A block of cached keys, transposed: the values of one dimension for all its entries are side by side, so that a
// vector holds scores of neighbouring entries and sums run along the dimensions. Keys are transposed in the storage
// type, which moves the fewest bytes, and converted to floats only when loaded.
//
// Sixteen bytes of n = 16 / (bytes of a value) entries are n × n values; log2(n) rounds of interleaving transpose them.
// A register holds several of these squares in its lanes. In q4_0 the sixteen bytes are a block, and each transposed
// byte is separated into its two values. Blocks of q5_0 and q3_0 are separated first.
#pragma once

#include "kernels/shared/cached.ipp"

namespace brim::kernels {
namespace {

template <class Vector, KvType kType>
class TransposedKeys {
 public:
  using Batch = typename Vector::Batch;
  static constexpr int kBlock = kAttentionBlock;

  /// Bytes of a transposed block for heads of `size` values.
  static constexpr std::int64_t bytes(int size) {
    return std::int64_t{size + kSide} * kBlock * kBytes + (kScaled ? (size + kKvBlock - 1) / kKvBlock * kBlock * 4 : 0);
  }

  /// `space` has room for bytes(size) bytes.
  TransposedKeys(std::byte* space, int size)
      : values_(space),
        scales_(reinterpret_cast<float*>(space + std::int64_t{size + kSide} * kBlock * kBytes)),
        size_(size) {}

  /// Transposes the keys of columns [first, end), and of the columns next to them that fill up registers; column e's
  /// key is keys + e · stride.
  void turn(const std::byte* keys, std::size_t stride, int first, int end) {
    for (int e = first / kAtOnce * kAtOnce; e < end; e += kAtOnce) {
      const std::byte* from = keys + static_cast<std::size_t>(e) * stride;
      int d = 0;
      if constexpr (kType == KvType::q4_0) {
        for (; d + kKvBlock <= size_; d += kKvBlock) turn_pairs(from + place(d), stride, e, d, kKvBlock / 2);
      } else if constexpr (Cached<Vector, kType>::kShared) {
        for (; d < size_; d += kKvBlock) turn_levels(from + place(d), stride, e, d);
      } else {
        for (; d + kSide <= size_; d += kSide) turn_square(from + place(d), stride, e, d);
      }
      if (d < size_) turn_rest(from + place(d), stride, e, d);
      if constexpr (kScaled) {
        for (int b = 0; b * kKvBlock < size_; ++b) {
          std::uint16_t halves[kAtOnce];
          const std::byte* block = from + b * kv_block_bytes(kType);
          for (std::size_t i = 0; i < kAtOnce; ++i) __builtin_memcpy(halves + i, block + i * stride, 2);
          float* scales = scales_ + b * kBlock + e;
          for (int i = 0; i < kAtOnce; i += Vector::kWidth) Vector::store(scales + i, Vector::load_half(halves + i));
        }
      }
    }
  }

  /// Dimension `d` of the entries in columns [column, column + kWidth).
  Batch load(int d, int column) const {
    const std::byte* at = values_ + (std::int64_t{d} * kBlock + column) * kBytes;
    if constexpr (kType == KvType::f32) return Vector::load(at);
    if constexpr (kType == KvType::f16) return Vector::load_half(at);
    if constexpr (kScaled) {
      return Vector::load_int8(at) * Vector::load(scales_ + d / kKvBlock * kBlock + column);
    }
  }

 private:
  static constexpr bool kScaled = kv_scaled(kType);
  static constexpr int kBytes = Cached<Vector, kType>::kBytes;
  static constexpr int kSide = 16 / kBytes;
  static constexpr int kAtOnce = kSide * Vector::kLanes;
  static_assert(kBlock % kAtOnce == 0);

  using Bytes = typename Vector::Bytes;

  /// Where value `d` of a cached vector is; in q4_0 `d` is the first value of a block.
  static int place(int d) { return kScaled ? d / kKvBlock * kv_block_bytes(kType) + 2 + d % kKvBlock : d * kBytes; }

  static void load_transposed(const std::byte* from, std::size_t stride, Bytes (&rows)[kSide]) {
    // Makes compilers compute the addresses here, with a few additions. Otherwise they would keep all addresses from
    // square to square in registers that they do not have.
    asm("" : "+r"(stride));
    for (std::size_t i = 0; i < kSide; ++i) rows[i] = Vector::load_lanes(from + i * stride, kSide * stride);
    for (int round = 1; round < kSide; round *= 2) {
      Bytes mixed[kSide];
      for (int i = 0; i < kSide / 2; ++i) {
        mixed[2 * i] = Vector::template interleave_low<kBytes>(rows[i], rows[i + kSide / 2]);
        mixed[2 * i + 1] = Vector::template interleave_high<kBytes>(rows[i], rows[i + kSide / 2]);
      }
      for (int i = 0; i < kSide; ++i) rows[i] = mixed[i];
    }
  }

  void store(int d, int e, Bytes row) { Vector::store_bytes(values_ + (std::int64_t{d} * kBlock + e) * kBytes, row); }

  void turn_square(const std::byte* from, std::size_t stride, int e, int d) {
    Bytes rows[kSide];
    load_transposed(from, stride, rows);
    for (int i = 0; i < kSide; ++i) store(d + i, e, rows[i]);
  }

  /// `pairs` bytes of q4_0: their low halves are the values from d on, and their high halves are the values that follow
  /// these.
  void turn_pairs(const std::byte* from, std::size_t stride, int e, int d, int pairs) {
    Bytes rows[kSide];
    load_transposed(from, stride, rows);
    for (int i = 0; i < pairs; ++i) store(d + i, e, Vector::low_levels(rows[i]));
    for (int i = 0; i < pairs; ++i) store(d + pairs + i, e, Vector::high_levels(rows[i]));
  }

  /// A block of q5_0 or q3_0.
  void turn_levels(const std::byte* from, std::size_t stride, int e, int d) {
    alignas(16) std::int8_t levels[kAtOnce][kKvBlock];
    const int count = size_ - d < kKvBlock ? size_ - d : kKvBlock;
    for (std::size_t i = 0; i < kAtOnce; ++i) all_levels<kType>(from + i * stride, count, levels[i]);
    const auto* at = reinterpret_cast<const std::byte*>(levels);
    for (int part = 0; part < count; part += kSide) turn_square(at + part, kKvBlock, e, d + part);
  }

  /// The last values of heads whose size is not a multiple of kSide (q4_0: of a block), padded with zeros.
  __attribute__((noinline)) void turn_rest(const std::byte* from, std::size_t stride, int e, int d) {
    std::byte padded[kAtOnce][16] = {};
    const int left = size_ - d, bytes = kType == KvType::q4_0 ? kv_nibble_bytes(left) : left * kBytes;
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      __builtin_memcpy(padded[i], from + i * stride, static_cast<std::size_t>(bytes));
    }
    if constexpr (kType == KvType::q4_0) {
      turn_pairs(padded[0], 16, e, d, bytes);
    } else {
      turn_square(padded[0], 16, e, d);
    }
  }

  std::byte* values_;
  float* scales_;
  int size_;
};

}  // namespace
}  // namespace brim::kernels
