// Every kernel's signature and contract, all in this one file. A Table is filled set by set (see isa.def); each set
// overwrites the entries that it does better. `generic` fills all entries except panel_gemm, the only one that
// may be null.
//
// Common to all: noexcept; pointers may be unaligned (prepared activations: aligned to 4 bytes at least); inputs and
// outputs do not overlap unless stated; sizes ≥ 0; no kernel allocates, locks or starts threads; all are safe to call
// from many threads on different outputs. The result for a row, token or vector depends only on its own inputs and
// shape — never on the number of others in the same call, nor on the thread — so one thread and many threads give the
// same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attention.hpp"
#include "kernels/kv_type.hpp"
#include "kernels/recurrence.hpp"
#include "quant/format.hpp"

namespace brim::kernels {

/// The format of activations that a matrix product requires. A set chooses per weight format; `generic` always uses
/// f32.
enum class Activation : std::uint8_t {
  f32,        ///< plain floats
  q8_32,      ///< Q8Blocks32 per 256 values: a scale for each 32
  q8_256,     ///< Q8Block256 per 256 values: one scale
  q16_32,     ///< Q16Block per 32 values, for products of panels
  q16_words,  ///< the same with whole quants instead of their bytes, for sets that multiply words
  bf16,       ///< bfloat16, rounded to nearest even, padded with zeros to 32 values; below 2^-126 it may be zero
};
inline constexpr int kActivationCount = 6;

/// 256 activations as int8 in eight blocks of 32 (a row's tail is padded with zeros): value = scales[b] · quant,
/// scales[b] = max|x| of block b / 127, rounded to nearest even. A block whose maximum is below 1e-36 is all zeros; a
/// block that holds a NaN or infinity has scale NaN. The quants are interleaved so that 64 bytes hold one half of four
/// blocks, as required by the formats that keep value i and value i + 16 in one byte: value i of block b is
/// quants[q8_32_index(b, i)].
struct Q8Blocks32 {
  float scales[8];
  std::int32_t sums[8];  ///< Σ quants of each block
  std::int8_t quants[256];
};
static_assert(sizeof(Q8Blocks32) == 320);

/// Where value `i` of block `b` lies: [half of four blocks][first or last 16 values][block][value].
constexpr int q8_32_index(int b, int i) { return (b / 4) * 128 + (i / 16) * 64 + (b % 4) * 16 + i % 16; }

/// 256 activations as int8 in their own order under one scale (same rules), with the sums per 16 values that formats
/// with offsets need.
struct Q8Block256 {
  float scale;
  std::int32_t unused[7];
  std::int16_t sums[16];  ///< Σ quants of 16 consecutive values
  std::int8_t quants[256];
};
static_assert(sizeof(Q8Block256) == 320);

/// 32 activations in 16 bits, as two bytes each, so that 8-bit products can be combined to a 16-bit one: value = scale
/// · quant, quant = 256 · high + low, scale = max|x| / 32512, rounded to nearest even (a low byte of −128 becomes −127,
/// so that no instruction set needs a special case: an error of 2^-15 of the largest value). Tiny and not-finite blocks
/// as in Q8Blocks32.
struct Q16Block {
  float scale;
  float weighted_sums[2];  ///< scale · sums: the factor of minimums
  float weighted_sum;      ///< scale · sum
  std::int32_t sums[2];    ///< Σ quants of the first and the last 16 values: the factor of offsets
  std::int32_t sum;        ///< of all 32
  std::int32_t unused;
  std::int8_t high[32];
  std::int8_t low[32];
};
static_assert(sizeof(Q16Block) == 96);
/// Where the 64 bytes of quants begin: in q16_words they hold 32 words.
static constexpr std::size_t kQ16Quants = 32;

/// Bytes of one prepared activation row of `cols` values.
constexpr std::size_t activation_bytes(Activation kind, std::int64_t cols) {
  const std::size_t n = static_cast<std::size_t>(cols);
  if (kind == Activation::f32) return n * 4;
  if (kind == Activation::q8_32) return (n + 255) / 256 * sizeof(Q8Blocks32);
  if (kind == Activation::bf16) return (n + 31) / 32 * 64;
  if (kind == Activation::q16_32 || kind == Activation::q16_words) return (n + 31) / 32 * sizeof(Q16Block);
  return (n + 255) / 256 * sizeof(Q8Block256);
}

/// out[t][r] = Σ_c weights[r][c] · activations[t][c] for r in [0, rows), t in [0, tokens).
/// `weights`: `rows` packed rows, `row_bytes` apart. `activations`: prepared rows, `activation_stride` bytes apart.
/// `out`: out[t * out_stride + r]. cols is a multiple of the format's block length.
struct Product {
  const std::byte* weights;
  std::size_t row_bytes;
  std::int64_t rows;
  std::int64_t cols;
  const std::byte* activations;
  std::size_t activation_stride;
  std::int64_t tokens;
  float* out;
  std::int64_t out_stride;
};

/// The same with the weights in panels (quant/panel.hpp), `panel_bytes` apart; `rows` ≤ 16 · panels of the results are
/// written. Sixteen rows are read side by side, and few tokens are multiplied by several panels at a time, evenly
/// spaced: each panel is a separate stream for the memory system.
struct PanelProduct {
  const std::byte* panels;
  std::size_t panel_bytes;
  std::int64_t rows;
  std::int64_t cols;
  const std::byte* activations;
  std::size_t activation_stride;
  std::int64_t tokens;
  float* out;
  std::int64_t out_stride;
  std::byte* scratch = nullptr;  ///< kGemmScratchBytes aligned to 64 bytes: only for panel_gemm
};

/// panel_gemm is called with more tokens than this; multiply() pads smaller calls.
static constexpr std::int64_t kFewTokens = 16;
/// The capacity of the scratch of panel_gemm: two panels of 2048 columns in bf16.
static constexpr std::int64_t kGemmDepth = 2048;
static constexpr std::size_t kGemmScratchBytes = std::size_t{2} * 16 * kGemmDepth * 2;

struct Table {
  /// For each weight format, the activations that its product requires and the product itself.
  Activation activation[quant::kFormatCount];
  void (*product[quant::kFormatCount])(const Product&) noexcept;
  /// The same for weights in panels. `panels_pay`: whether repacking the weights of a format makes this set faster.
  bool panels_pay[quant::kFormatCount];
  Activation panel_activation[quant::kFormatCount];
  void (*panel_product[quant::kFormatCount])(const PanelProduct&) noexcept;
  /// gemm for the tokens of prompts, more than kFewTokens of them, where the set has a faster way, else null:
  /// activations are Activation::bf16 and weights are rounded to bf16 too (at most 2^-8 of each value). A token's bits
  /// are the same in every call of this kernel, at any place within the call, but differ from those of panel_product.
  /// Never set for F32 and F16, whose weights have more bits than that.
  void (*panel_gemm[quant::kFormatCount])(const PanelProduct&) noexcept;
  /// Prepares one activation row: activation_bytes(kind, cols) bytes written.
  void (*prepare[kActivationCount])(const float* values, std::int64_t cols, std::byte* out) noexcept;
  /// Unpacks one row of weights (token embeddings): exactly quant::unpack_row.
  void (*unpack[quant::kFormatCount])(const std::byte* row, float* values, std::int64_t cols) noexcept;

  /// Attention over cached vectors, by the storage types of keys and of values: see attention.hpp.
  void (*attend[kKvTypeCount][kKvTypeCount])(const Attend&) noexcept;
  void (*accumulated_attention[kKvTypeCount])(const AccumulatedAttention&) noexcept;
  /// Merges the state of later entries into the state of earlier ones, for tokens · group rows.
  void (*merge_attention)(const AttentionState& into, const AttentionState& later, std::int64_t tokens, int group,
                          int value_size) noexcept;
  /// One cached vector from floats, and back (rotary positions that change, boxes, tests). f16 rounds to nearest even.
  /// Types that rotate vectors (kv_type.hpp) do so inside: both sides see the vector itself.
  void (*pack_kv[kKvTypeCount])(const float* values, int size, std::byte* out) noexcept;
  void (*unpack_kv[kKvTypeCount])(const std::byte* packed, int size, float* values) noexcept;

  /// out[i] = x[i] · weight[i] / sqrt(mean(x²) + epsilon); weight may be null (all ones). out may be x.
  void (*rms_norm)(const float* x, const float* weight, std::int64_t size, float epsilon, float* out) noexcept;
  /// out[i] = (x[i] − mean(x)) · weight[i] / sqrt(mean((x − mean(x))²) + epsilon) + bias[i]; weight may be null (all
  /// ones), and so may bias (all zeros). out may be x.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::int64_t size, float epsilon,
                     float* out) noexcept;
  /// x[i] = x[i] / max(sqrt(Σ x²), epsilon), in place.
  void (*l2_norm)(float* x, std::int64_t size, float epsilon) noexcept;
  /// x[i] = exp(x[i] − max x) / Σ exp(x − max x), in place. A row that is all −inf becomes zeros; size ≥ 1. Returns
  /// nothing.
  void (*softmax)(float* x, std::int64_t size) noexcept;
  /// x[i] = cap · tanh(x[i] / cap), in place.
  void (*soft_cap)(float* x, std::int64_t size, float cap) noexcept;
  /// gate[i] = silu(gate[i]) · up[i], in place; silu(x) = x / (1 + e^−x).
  void (*silu_multiply)(float* gate, const float* up, std::int64_t size) noexcept;
  /// gate[i] = gelu(gate[i]) · up[i], in place; gelu in its tanh form, evaluated exactly (no table).
  void (*gelu_multiply)(float* gate, const float* up, std::int64_t size) noexcept;
  /// The SwiGLU of gpt-oss, in place: gate[i] = g / (1 + e^(−slope · g)) · (u + 1) with g = gate[i], at most `limit`, and
  /// u = up[i], at most `limit` in magnitude.
  void (*clamped_swiglu)(float* gate, const float* up, std::int64_t size, float limit, float slope) noexcept;
  /// x[i] = gelu(x[i]), in place; the same function as above.
  void (*gelu)(float* x, std::int64_t size) noexcept;
  /// x[i] = max(0, x[i])², in place.
  void (*relu_squared)(float* x, std::int64_t size) noexcept;
  /// x[i] = 1 / (1 + e^−x[i]), in place.
  void (*sigmoid)(float* x, std::int64_t size) noexcept;
  /// x[i] *= y[i], in place.
  void (*multiply_by)(float* x, const float* y, std::int64_t size) noexcept;
  /// x[i] += y[i] · scale, in place.
  void (*add_scaled)(float* x, const float* y, std::int64_t size, float scale) noexcept;
  /// x[i] *= scale, in place.
  void (*scale)(float* x, std::int64_t size, float factor) noexcept;
  /// Rotates `size` values (even) by `pairs` = size/2 angles given as cosines and sines, in place.
  /// rope_neox pairs x[i] with x[i + size/2]; rope_interleaved pairs x[2i] with x[2i+1].
  void (*rope_neox)(float* x, int size, const float* cosines, const float* sines) noexcept;
  void (*rope_interleaved)(float* x, int size, const float* cosines, const float* sines) noexcept;

  /// One token of a short causal convolution, a chunk of a recurrence, and a block of one: see recurrence.hpp.
  void (*causal_convolution)(const CausalConvolution&) noexcept;
  void (*delta_rule)(const Recurrence&) noexcept;
  void (*scan)(const Recurrence&) noexcept;
  void (*delta_rule_block)(const RecurrenceBlock&) noexcept;
  void (*scan_block)(const RecurrenceBlock&) noexcept;

  /// Runs `rounds` rounds of the set's fastest way to multiply and add 8-bit values, in registers; returns the number
  /// of multiplications and additions. No model needs it: it measures the peak that products are compared with.
  std::int64_t (*int8_operations)(std::int64_t rounds) noexcept;
};

}  // namespace brim::kernels
