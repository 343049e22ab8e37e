// A block of cached keys, transposed: the values of one dimension for all its entries are side by side, so that a
// vector holds scores of neighbouring entries and sums run along the dimensions. Keys are transposed in the storage
// type, which moves the fewest bytes, and converted to floats only when loaded, or, by sets with Vector::Dots, not at
// all: there the levels of Dots::kGroup neighbouring dimensions of an entry are an element and stay together.
//
// Sixteen bytes of n = 16 / (bytes of an element) entries are n × n elements; log2(n) rounds of interleaving transpose
// them. A register holds several of these squares in its lanes. In q4_0 the sixteen bytes are a block, and each
// transposed byte is separated into its two values. Blocks of q5_0 and q3_0, and short ones, are separated first.
#pragma once

#include "kernels/shared/cached.ipp"

namespace brim::kernels {
namespace {

/// Whether a set multiplies levels without converting them to floats (attention_levels.ipp).
template <class Vector>
constexpr bool kHasDots = requires {
  typename Vector::Dots;
};
template <class Vector, KvType kType>
constexpr bool kIntegerScores = kHasDots<Vector>&& kv_scaled(kType);

template <class Vector>
constexpr int levels_together() {
  if constexpr (kHasDots<Vector>) {
    return Vector::Dots::kGroup;
  } else {
    return 1;
  }
}

/// Transposed levels of any type: element g of column e, which holds the levels of dimensions from g · kGroup on, is at
/// values + (g · kAttentionBlock + e) · kGroup; the scale of block b in column e is scales[b · kAttentionBlock + e].
struct TransposedLevels {
  const std::byte* values;
  const float* scales;
  int size;
};

template <class Vector, KvType kType>
class TransposedKeys {
 public:
  using Batch = typename Vector::Batch;
  static constexpr int kBlock = kAttentionBlock;

  /// Bytes of a transposed block for heads of `size` values.
  static constexpr std::int64_t bytes(int size) {
    return value_bytes(size) + (kScaled ? (size + kKvBlock - 1) / kKvBlock * kBlock * 4 : 0);
  }

  /// `space` has room for bytes(size) bytes.
  TransposedKeys(std::byte* space, int size)
      : values_(space), scales_(reinterpret_cast<float*>(space + value_bytes(size))), size_(size) {}

  /// Transposes the keys of columns [first, end), and of the columns next to them that fill up registers; column e's
  /// key is keys + e · stride.
  __attribute__((noinline)) void turn(const std::byte* keys, std::size_t stride, int first, int end) {
    for (int e = first / kAtOnce * kAtOnce; e < end; e += kAtOnce) {
      const std::byte* from = keys + static_cast<std::size_t>(e) * stride;
      int d = 0;
      if constexpr (kType == KvType::q4_0) {
        for (; d + kKvBlock <= size_; d += kKvBlock) turn_pairs(from + place(d), stride, e, d);
      } else if constexpr (!kShared) {
        for (; d + kSquare <= size_; d += kSquare) turn_square(from + place(d), stride, e, d);
      }
      if constexpr (kShared) {
        for (; d < size_; d += kKvBlock) turn_levels(from + place(d), stride, e, d);
      } else {
        if (d < size_) turn_rest(from + place(d), stride, e, d);
      }
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

  /// Dimension `d` of the entries in columns [column, column + kWidth). Only where an element is one value.
  Batch load(int d, int column) const {
    static_assert(kElement == kBytes);
    const std::byte* at = values_ + (std::int64_t{d} * kBlock + column) * kBytes;
    if constexpr (kType == KvType::f32) return Vector::load(at);
    if constexpr (kType == KvType::f16) return Vector::load_half(at);
    if constexpr (kScaled) {
      return Vector::load_int8(at) * Vector::load(scales_ + d / kKvBlock * kBlock + column);
    }
  }

  TransposedLevels levels() const { return {values_, scales_, size_}; }

 private:
  static constexpr bool kScaled = kv_scaled(kType);
  static constexpr bool kShared = Cached<Vector, kType>::kShared;
  static constexpr int kBytes = Cached<Vector, kType>::kBytes;
  static constexpr int kElement = kIntegerScores<Vector, kType> ? levels_together<Vector>() : kBytes;
  static constexpr int kSide = 16 / kElement;  ///< elements of a side of a square
  static constexpr int kSquare = 16 / kBytes;  ///< dimensions of a square
  static constexpr int kAtOnce = kSide * Vector::kLanes;
  static_assert(kBlock % kAtOnce == 0 && kAtOnce % Vector::kWidth == 0);

  using Bytes = typename Vector::Bytes;

  static constexpr std::int64_t value_bytes(int size) { return std::int64_t{size + kSquare} * kBlock * kBytes; }

  /// Where value `d` of a cached vector is; where values share bytes, `d` is the first value of a block.
  static int place(int d) { return kScaled ? d / kKvBlock * kv_block_bytes(kType) + 2 + d % kKvBlock : d * kBytes; }

  static void load_transposed(const std::byte* from, std::size_t stride, Bytes (&rows)[kSide]) {
    // Makes compilers compute the addresses here, with a few additions. Otherwise they would keep all addresses from
    // square to square in registers that they do not have.
    asm("" : "+r"(stride));
    for (std::size_t i = 0; i < kSide; ++i) rows[i] = Vector::load_lanes(from + i * stride, kSide * stride);
    for (int round = 1; round < kSide; round *= 2) {
      Bytes mixed[kSide];
      for (int i = 0; i < kSide / 2; ++i) {
        mixed[2 * i] = Vector::template interleave_low<kElement>(rows[i], rows[i + kSide / 2]);
        mixed[2 * i + 1] = Vector::template interleave_high<kElement>(rows[i], rows[i + kSide / 2]);
      }
      for (int i = 0; i < kSide; ++i) rows[i] = mixed[i];
    }
  }

  /// Element `number` of the square whose first dimension is `d`.
  void store(int d, int number, int e, Bytes row) {
    if constexpr (kIntegerScores<Vector, kType>) row = Vector::Dots::stored(row);
    const std::int64_t element = std::int64_t{d} * kBytes / kElement + number;
    Vector::store_bytes(values_ + (element * kBlock + e) * kElement, row);
  }

  void turn_square(const std::byte* from, std::size_t stride, int e, int d) {
    Bytes rows[kSide];
    load_transposed(from, stride, rows);
    for (int i = 0; i < kSide; ++i) store(d, i, e, rows[i]);
  }

  /// A block of q4_0: the low halves of its bytes are the values from d on, and their high halves are the values that
  /// follow these.
  void turn_pairs(const std::byte* from, std::size_t stride, int e, int d) {
    Bytes rows[kSide];
    load_transposed(from, stride, rows);
    for (int i = 0; i < kSide; ++i) store(d, i, e, Vector::low_levels(rows[i]));
    for (int i = 0; i < kSide; ++i) store(d + kKvBlock / 2, i, e, Vector::high_levels(rows[i]));
  }

  /// A block whose values share bytes, also a short one.
  void turn_levels(const std::byte* from, std::size_t stride, int e, int d) {
    alignas(16) std::int8_t levels[kAtOnce][kKvBlock];
    const int count = size_ - d < kKvBlock ? size_ - d : kKvBlock;
    for (std::size_t i = 0; i < kAtOnce; ++i) all_levels<kType>(from + i * stride, count, levels[i]);
    const auto* at = reinterpret_cast<const std::byte*>(levels);
    for (int part = 0; part < count; part += kSquare) turn_square(at + part, kKvBlock, e, d + part);
  }

  /// The last values of heads whose size is not a multiple of kSquare, padded with zeros.
  __attribute__((noinline)) void turn_rest(const std::byte* from, std::size_t stride, int e, int d) {
    std::byte padded[kAtOnce][16] = {};
    const auto bytes = static_cast<std::size_t>((size_ - d) * kBytes);
    for (std::size_t i = 0; i < kAtOnce; ++i) __builtin_memcpy(padded[i], from + i * stride, bytes);
    turn_square(padded[0], 16, e, d);
  }

  std::byte* values_;
  float* scales_;
  int size_;
};

}  // namespace
}  // namespace brim::kernels
