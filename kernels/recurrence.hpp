// What layers with a state of fixed size compute: one token of a short causal convolution, and the recurrence of
// linear attention and of state spaces over the tokens of a chunk, one after another or by blocks.
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

/// Max tokens of a block.
inline constexpr int kBlockTokens = 32;
/// Floats that a block's call works in, whatever the sizes of its head.
inline constexpr std::int64_t kBlockScratch = 2 * kBlockTokens * (kBlockTokens + 1) + kBlockTokens * 4 * kStateColumns;

/// The same recurrence over one block of 1 … kBlockTokens tokens, as products of small matrices: the state is loaded
/// and stored once for the block. With L_t the sum of the logarithms of the block's decays up to token t, and S the
/// state before the block:
///   delta rule (arXiv:2412.06464, section 3.3): u_t = r_t · (v_t − e^L_t · Sᵀk_t − Σ_{i<t} e^(L_t − L_i) (k_t·k_i) u_i)
///   scan (arXiv:2405.21060, section 6):         u_t = r_t · v_t
///   out_t = scale · (e^L_t · Sᵀq_t + Σ_{i≤t} e^(L_t − L_i) (q_t·k_i) u_i) + skip · v_t
///   S = e^L_n · S + Σ_i e^(L_n − L_i) k_i u_iᵀ
/// L falls from token to token, so that no exponent is above 0: strong decays become 0, and nothing overflows. The
/// result is that of the recurrence but for rounding. What a token's out depends on is the tokens before it; its bits
/// depend on them and on no column beside it. Other lengths of a block round otherwise.
struct RecurrenceBlock {
  Recurrence tokens;  ///< its `decays` are their natural logarithms, at most 0; below −100 they count as −100
  float* scratch;     ///< kBlockScratch floats
};

}  // namespace brim::kernels
