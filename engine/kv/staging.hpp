// The staging buffer: keys and values of one chunk in one layer, already in their stored form, so that attention over
// the newest tokens sees exactly the bits that later reads of the same entries see. All layers use it in turn or, when
// what is staged may still be refused (drafts), side by side, each its own range.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kv/plan.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

/// Keys and values of a chunk as the model computes them: a token's keys of all heads side by side, and its values; the
/// stride is the number of floats from one token's to the next one's.
struct TokenRows {
  const float* keys;
  const float* values;
  std::int64_t key_stride;
  std::int64_t value_stride;
};

/// A chunk's keys before rotation, a token's keys of all heads side by side.
struct KeyRows {
  const float* keys;
  std::int64_t stride;
};

/// Scores of neighbouring entries, an entry's of all heads side by side.
struct ScoreRows {
  const float* scores;
  std::int64_t stride;
};
/// The mean over heads of each of `count` entries.
inline void write_means(const ScoreRows& rows, int heads, std::int64_t count, float* means) noexcept {
  for (std::int64_t entry = 0; entry < count; ++entry) {
    float sum = 0;
    for (int head = 0; head < heads; ++head) sum += rows.scores[entry * rows.stride + head];
    means[entry] = sum / static_cast<float>(heads);
  }
}

class Staging {
 public:
  Staging() = default;
  /// `data` holds staging_bytes(shape, chunk).
  explicit Staging(std::byte* data) : data_(data) {}

  /// Says where, `offset` bytes into the buffer, the other functions find `layer`, with room for `tokens` tokens.
  /// Nothing is written: what was packed there under the same arguments is there again.
  void select(const StreamShape& layer, std::int64_t tokens, std::int64_t offset) noexcept;

  /// Packs n tokens.
  void pack(const kernels::Table& table, const StreamShape& layer, const TokenRows& rows, std::int64_t n) noexcept;

  /// Numbers that are kept in the buffer as they are, `offset` bytes into it: a multiple of 4.
  float* floats(std::int64_t offset) const noexcept { return reinterpret_cast<float*>(data_ + offset); }

  // Entry `token` of `head`, entries of a head lying side by side.
  const std::byte* key(int head, std::int64_t token) const { return keys_ + (head * tokens_ + token) * key_bytes_; }
  const std::byte* value(int head, std::int64_t token) const {
    return values_ + (head * tokens_ + token) * value_bytes_;
  }

 private:
  std::byte* data_ = nullptr;
  std::byte* keys_ = nullptr;
  std::byte* values_ = nullptr;
  std::int64_t tokens_ = 0;
  std::int64_t key_bytes_ = 0;
  std::int64_t value_bytes_ = 0;
};

}  // namespace brim::kv
