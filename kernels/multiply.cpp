// See multiply.hpp. Rows are cut into panels small enough to stay in a core's second-level cache and tokens into blocks
// whose activations do too; the kernels promise that neither cut changes a bit, and both depend on the shape alone.
#include "kernels/multiply.hpp"

#include <algorithm>

#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

namespace brim::kernels {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kRowMultiple = 16;             ///< panels start where every kernel's row tile does
constexpr std::int64_t kTokenBlock = 32;
constexpr std::int64_t kPanelBytes = 48 * 1024;       ///< of packed weights
constexpr std::int64_t kSerialWork = 256 * 1024;      ///< multiply-adds that are done before a team has gathered

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::int64_t panel_rows(const quant::Matrix& weights) {
  const auto bytes = static_cast<std::int64_t>(std::max<std::size_t>(weights.row_bytes, 1));
  const std::int64_t rows = kPanelBytes / bytes / kRowMultiple * kRowMultiple;
  return std::clamp<std::int64_t>(rows, kRowMultiple, 16 * kRowMultiple);
}

}  // namespace

std::size_t multiply_scratch_bytes(std::int64_t cols, std::int64_t tokens) {
  // f32 activations are read where they are; only the 8-bit kinds need room.
  const std::size_t row = std::max(activation_bytes(Activation::q8_32, cols), activation_bytes(Activation::q8_256, cols));
  return round_up(row) * static_cast<std::size_t>(tokens);
}

void multiply(int threads, const quant::Matrix& weights, const float* x, std::int64_t x_stride, std::int64_t tokens,
              float* out, std::int64_t out_stride, std::byte* scratch) noexcept {
  if (weights.rows <= 0 || tokens <= 0) return;
  const Table& table = active();
  const auto format = static_cast<std::size_t>(weights.format);
  const Activation kind = table.activation[format];
  const bool serial = threads <= 1 || weights.rows * weights.cols * tokens <= kSerialWork;
  const int team = serial ? 1 : threads;

  const auto* activations = reinterpret_cast<const std::byte*>(x);
  std::size_t activation_stride = static_cast<std::size_t>(x_stride) * sizeof(float);
  if (kind != Activation::f32) {
    const auto prepare = table.prepare[static_cast<std::size_t>(kind)];
    activation_stride = round_up(activation_bytes(kind, weights.cols));
    for_chunks(tokens < 8 ? 1 : team, tokens, [&](std::int64_t token, int) {
      prepare(x + token * x_stride, weights.cols, scratch + static_cast<std::size_t>(token) * activation_stride);
    });
    activations = scratch;
  }

  const auto product = table.product[format];
  const std::int64_t rows_each = panel_rows(weights);
  const std::int64_t panels = (weights.rows + rows_each - 1) / rows_each;
  for_chunks(team, panels, [&](std::int64_t panel, int) {
    const std::int64_t first_row = panel * rows_each;
    Product part{};
    part.weights = weights.row(first_row);
    part.row_bytes = weights.row_bytes;
    part.rows = std::min(rows_each, weights.rows - first_row);
    part.cols = weights.cols;
    part.activation_stride = activation_stride;
    part.out_stride = out_stride;
    for (std::int64_t token = 0; token < tokens; token += kTokenBlock) {
      part.activations = activations + static_cast<std::size_t>(token) * activation_stride;
      part.tokens = std::min(kTokenBlock, tokens - token);
      part.out = out + token * out_stride + first_row;
      product(part);
    }
  });
}

}  // namespace brim::kernels
