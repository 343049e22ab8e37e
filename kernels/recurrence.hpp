// What layers with a state of fixed size compute: one token of a short causal convolution, and the recurrence of
// linear attention and of state spaces over the tokens of a chunk.
#pragma once

#include <cstdint>

namespace brim::kernels {

/// Max number of tokens that a causal convolution sees, its own included.
inline constexpr int kMaxTaps = 16;

/// One token's channels of a causal convolution in which each channel has weights of its own:
/// out[i] = activate(bias[i] + Σ_j weights[j · weight_stride + i] · rows[j][i]) for i in [0, size).
struct CausalConvolution {
  const float* rows[kMaxTaps];  ///< the channels at `taps` tokens one after another, the newest one last
  int taps;                     ///< 1 … kMaxTaps
  const float* weights;
  std::int64_t weight_stride;
  const float* bias;  ///< null: zeros
  std::int64_t size;
  bool silu;   ///< activate(x) = x / (1 + e^−x); else x
  float* out;  ///< may be the newest row
};

/// How a head's state S of key_size rows and value_size columns is stored: kStateColumns columns after another, and
/// within these row by row, so that the few columns that are worked on at a time are side by side. The last ones may be
/// fewer.
inline constexpr int kStateColumns = 16;
/// Where the value in this row and column lies.
constexpr std::int64_t state_index(int key_size, int value_size, int row, int column) {
  const int first = column / kStateColumns * kStateColumns;
  const int width = value_size - first < kStateColumns ? value_size - first : kStateColumns;
  return std::int64_t{first} * key_size + std::int64_t{row} * width + (column - first);
}

/// One head's recurrence over `tokens` tokens, with a state as above. With the token's key k, value v, query q, decay d and rate r, all of them in place of the ones before:
///   delta rule (Yang et al. 2024, arXiv:2412.06464, equation 10): u = r · (v − d · Sᵀk)
///   scan (Dao and Gu 2024, arXiv:2405.21060, section 2):          u = r · v
///   S = d · S + k uᵀ;  out = scale · Sᵀq + skip · v
/// Each column of S and of out is computed alone, and token after token: bits depend neither on the other columns nor
/// on how many tokens a call has.
struct Recurrence {
  float* state;
  int key_size;
  int value_size;
  std::int64_t tokens;
  const float* keys;     ///< of token t at keys + t · key_stride
  const float* queries;  ///< the same stride
  std::int64_t key_stride;
  const float* values;
  std::int64_t value_stride;
  const float* decays;  ///< of token t at decays[t · gate_stride]
  const float* rates;
  std::int64_t gate_stride;
  float scale;
  float skip;
  float* out;  ///< overlaps nothing else
  std::int64_t out_stride;
};

}  // namespace brim::kernels
