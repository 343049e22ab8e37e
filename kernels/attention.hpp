// Attention over cached vectors: the arguments of its kernels. Part of the contract of table.hpp, in a separate file
// because it is one idea.
//
// A row is one token and one query head. For one KV head, the rows are a few tokens times the heads of its group, so
// that each key and each value is read once for all rows. Softmax is computed on the way (Milakov and Gimelshein,
// Online normalizer calculation for softmax, 2018): a row's state is its largest score so far, Σ e^(score − largest)
// and Σ e^(score − largest) · value, and the sums are rescaled when a larger score comes.
//
// The order of a row's sums follows from the indices of the entries that the row sees, and from nothing else: entries
// are taken in blocks that begin at multiples of kAttentionBlock; kAttentionRange entries, beginning at a multiple of
// kAttentionRange, make a range with its own state; the states of the ranges are merged in order. The number of rows
// that share a call and the thread that processes a range do not change any bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kv_type.hpp"

namespace brim::kernels {

inline constexpr int kAttentionBlock = 64;
inline constexpr int kAttentionRange = 1024;

/// Cached entries of one KV head at equal strides: entry e's key is keys + e · key_stride.
struct KvRun {
  const std::byte* keys;
  const std::byte* values;
  std::size_t key_stride;
  std::size_t value_stride;
  std::int64_t count;
};

/// The entries [first, end) by index that a token sees: at least one.
struct Seen {
  std::int64_t first;
  std::int64_t end;
};

/// The state of rows. Row (token t, head g of the group) is number t · token_stride + g in each array.
struct AttentionState {
  float* largest;  ///< the largest score; −FLT_MAX where no entry was seen
  float* sums;     ///< Σ e^(score − largest)
  float* out;      ///< [row][value_size]: Σ e^(score − largest) · value
  std::int64_t token_stride;
};

/// Keys and values are those that unpack_kv returns: where a type stores vectors rotated (kv_type.hpp), the queries and
/// the sums are rotated inside. Sets with integer dot products round the rotated queries of keys in levels to 16 bits,
/// with a scale for each 32 values, and what multiplies values in levels, with a scale for each 32 entries.
///
/// state = the state of the rows of `tokens` tokens over the entries with indices [first, end). All these entries
/// belong to one range of kAttentionRange and lie in `runs`, one after another. A score is scale · query · key, then cap
/// · tanh(score / cap) where soft_cap is > 0.
struct Attend {
  const KvRun* runs;
  std::int64_t first;
  std::int64_t end;
  int key_size;
  int value_size;
  const float* queries;  ///< head g of token t: queries + t · query_stride + g · key_size
  std::int64_t query_stride;
  int group;
  std::int64_t tokens;
  const Seen* seen;  ///< per token; neither bound decreases from one token to the next
  float scale;
  float soft_cap;
  AttentionState state;
  float* scratch;  ///< attention_scratch(…) floats
};

/// accumulated[index − first] += Σ over rows of e^(score − largest) / sum, added in the order of rows. The scores are
/// those of `attend`; `state` is the final one of the rows. Its `out` and the values of the runs are not read.
struct AccumulatedAttention {
  Attend attend;
  float* accumulated;
};

/// Floats of a block of 32 values of a query that is rounded to integers (shared/attention_levels.ipp), and of a query in
/// either form.
inline constexpr int kQueryBlockFloats = 18;
constexpr int query_floats(int key_size) {
  const int rounded = (key_size / kKvBlock + (key_size % kKvBlock == 0 ? 0 : 1)) * kQueryBlockFloats;
  return key_size > rounded ? key_size : rounded;
}

/// Floats of scratch for `rows` = tokens · group rows.
constexpr std::int64_t attention_scratch(std::int64_t rows, int key_size, int value_size) {
  constexpr std::int64_t kWidest = 16;  // the most floats that a vector of any set has
  const std::int64_t padded = (value_size + kWidest - 1) / kWidest * kWidest;
  return rows * (query_floats(key_size) + padded + kWidest) +
         kAttentionBlock * (3 * key_size + value_size + padded + 2 * kWidest) + 5 * kWidest;
}

}  // namespace brim::kernels
