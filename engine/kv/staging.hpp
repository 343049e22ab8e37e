// The staging buffer: keys and values of one chunk in one layer, already in the storage type, so that attention over
// the newest tokens sees exactly the bits that later reads of the same entries see. All layers use it in turn.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kv/plan.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

class Staging {
 public:
  Staging() = default;
  /// `data` holds staging_bytes(shape, chunk).
  Staging(std::byte* data, std::int64_t chunk) : data_(data), chunk_(chunk) {}

  /// Packs n ≤ chunk tokens: keys[t][head][key_size], values[t][head][value_size].
  void pack(const kernels::Table& table, kernels::KvType type, const LayerShape& layer, const float* keys,
            const float* values, std::int64_t n) noexcept;

  // The layer that was packed last: entry `token` of `head`, entries of a head lying side by side.
  const std::byte* key(int head, std::int64_t token) const { return data_ + (head * chunk_ + token) * key_bytes_; }
  const std::byte* value(int head, std::int64_t token) const {
    return values_ + (head * chunk_ + token) * value_bytes_;
  }

 private:
  std::byte* data_ = nullptr;
  std::byte* values_ = nullptr;
  std::int64_t chunk_ = 0;
  std::int64_t key_bytes_ = 0;
  std::int64_t value_bytes_ = 0;
};

}  // namespace brim::kv
