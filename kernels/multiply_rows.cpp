// See multiply_rows.hpp. When a kernel requires activations in 8 bits, it is called with two terms: the activations
// rounded to 8 bits, and the remainder of that rounding, in 8 bits again. The sum of the two products has the precision
// of 16-bit activations. It costs arithmetic that decode has to spare: decode waits for memory, and both terms of a
// token are multiplied by the same weights while those are in registers or the first-level cache, like two tokens side
// by side. (docs/decisions/0002 has the measured cost of one pass.)
//
// Rows are cut into ranges that are small enough to stay in a core's second-level cache, and tokens into blocks whose
// activations are too; the kernels guarantee that neither cut changes a bit, and both depend only on the shape.
#include "kernels/multiply_rows.hpp"

#include <algorithm>

#include "kernels/threads.hpp"

namespace brim::kernels {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kRowMultiple = 16;       ///< ranges start at a multiple of every kernel's row tile
constexpr std::int64_t kTokenBlock = 32;        ///< rows of activations: half as many tokens in two terms
constexpr std::int64_t kTaskBytes = 48 * 1024;  ///< of packed weights

constexpr std::int64_t kFewRows = 4;     ///< of activations
constexpr std::int64_t kMaxSums = 8192;  ///< results of one kernel call that are buffered
constexpr std::int64_t kBlock = 256;     ///< values in a prepared block, of either kind

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// Rows of a range. For a few activation rows the ranges are larger, up to a 32nd of the matrix: nothing is read twice
/// then, and at the end of each range the data prefetched beyond it is wasted.
std::int64_t rows_per_task(const quant::Matrix& weights, std::int64_t activation_rows) {
  const auto row_bytes = static_cast<std::int64_t>(std::max<std::size_t>(weights.row_bytes, 1));
  const bool few = activation_rows <= kFewRows;
  const std::int64_t bytes = few ? std::clamp(weights.rows * row_bytes / 32, kTaskBytes, 8 * kTaskBytes) : kTaskBytes;
  const std::int64_t rows = bytes / row_bytes / kRowMultiple * kRowMultiple;
  return std::clamp(rows, kRowMultiple, few ? kMaxSums / kFewRows : kMaxSums / kTokenBlock);
}

/// The remainder of up to 256 values after rounding: values − the values of the prepared block.
void take_rounded(Activation kind, const float* values, std::int64_t count, const std::byte* prepared, float* left) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (kind == Activation::q8_32) {
      const auto& group = *reinterpret_cast<const Q8Blocks32*>(prepared);
      const int block = static_cast<int>(i / 32);
      left[i] = values[i] - group.scales[block] * group.quants[q8_32_index(block, static_cast<int>(i % 32))];
    } else {
      const auto& block = *reinterpret_cast<const Q8Block256*>(prepared);
      left[i] = values[i] - block.scale * block.quants[i];
    }
  }
}

/// Prepares a row in two terms, each activation_bytes(kind, cols) long: x ≈ coarse + fine.
void prepare_twice(const Table& table, Activation kind, const float* x, std::int64_t cols, std::byte* coarse,
                   std::byte* fine) {
  const auto prepare = table.prepare[static_cast<std::size_t>(kind)];
  const std::size_t block_bytes = activation_bytes(kind, kBlock);
  for (std::int64_t first = 0; first < cols; first += kBlock, coarse += block_bytes, fine += block_bytes) {
    const std::int64_t count = std::min(kBlock, cols - first);
    float left[kBlock];
    prepare(x + first, count, coarse);
    take_rounded(kind, x + first, count, coarse, left);
    prepare(left, count, fine);
  }
}

}  // namespace

std::size_t multiply_rows_scratch_bytes(std::int64_t cols, std::int64_t tokens) {
  // f32 activations are read in place; only the 8-bit kinds need space, for two terms.
  const std::size_t row =
      std::max(activation_bytes(Activation::q8_32, cols), activation_bytes(Activation::q8_256, cols));
  return 2 * round_up(row) * static_cast<std::size_t>(tokens) + kAlignment;  // the start may have to be aligned
}

void multiply_rows(Runtime runtime, const quant::Matrix& weights, const Input& input, float* out,
                   std::int64_t out_stride, std::byte* scratch) noexcept {
  const float* x = input.x;
  const std::int64_t x_stride = input.stride, tokens = input.tokens;
  const Table& table = runtime.table;
  const Threads threads = runtime.threads;
  const auto format = static_cast<std::size_t>(weights.format);
  const Activation kind = table.activation[format];
  const int terms = kind == Activation::f32 ? 1 : 2;
  const auto* activations = reinterpret_cast<const std::byte*>(x);
  std::size_t activation_stride = static_cast<std::size_t>(x_stride) * sizeof(float);
  if (terms == 2) {
    scratch += (kAlignment - reinterpret_cast<std::uintptr_t>(scratch) % kAlignment) % kAlignment;
    activation_stride = round_up(activation_bytes(kind, weights.cols));
    for_chunks(tokens < 8 ? Threads() : threads, tokens, [&](std::int64_t token, int) {
      std::byte* const coarse = scratch + static_cast<std::size_t>(2 * token) * activation_stride;
      prepare_twice(table, kind, x + token * x_stride, weights.cols, coarse, coarse + activation_stride);
    });
    activations = scratch;
  }

  const auto product = table.product[format];
  const std::int64_t rows_each = rows_per_task(weights, terms * tokens);
  const std::int64_t parts = (weights.rows + rows_each - 1) / rows_each;
  for_chunks(threads, parts, [&](std::int64_t chunk, int) {
    if (input.cancel != nullptr && input.cancel->load(std::memory_order_relaxed)) return;
    const std::int64_t first_row = chunk * rows_each;
    Product part{};
    part.weights = weights.row(first_row);
    part.row_bytes = weights.row_bytes;
    part.rows = std::min(rows_each, weights.rows - first_row);
    part.cols = weights.cols;
    part.activation_stride = activation_stride;
    const std::int64_t tokens_each = kTokenBlock / terms;
    for (std::int64_t token = 0; token < tokens; token += tokens_each) {
      const std::int64_t count = std::min(tokens_each, tokens - token);
      float* const block = out + token * out_stride + first_row;
      part.activations = activations + static_cast<std::size_t>(terms * token) * activation_stride;
      part.tokens = terms * count;
      if (terms == 1) {
        part.out = block;
        part.out_stride = out_stride;
        product(part);
        continue;
      }
      float sums[kMaxSums];
      part.out = sums;
      part.out_stride = part.rows;
      product(part);
      for (std::int64_t t = 0; t < count; ++t) {
        const float* const coarse = sums + 2 * t * part.rows;
        const float* const fine = coarse + part.rows;
        for (std::int64_t r = 0; r < part.rows; ++r) block[t * out_stride + r] = coarse[r] + fine[r];
      }
    }
  });
}

}  // namespace brim::kernels
