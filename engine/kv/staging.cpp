// See staging.hpp.
#include "engine/kv/staging.hpp"

#include "engine/kv/layout.hpp"

namespace brim::kv {

void Staging::select(const StreamShape& layer, std::int64_t tokens, std::int64_t offset) noexcept {
  key_bytes_ = kv::key_bytes(layer);
  value_bytes_ = kv::value_bytes(layer);
  tokens_ = tokens;
  keys_ = data_ + offset;
  values_ = keys_ + layer.kv_heads * tokens * key_bytes_;
}

void Staging::pack(const kernels::Table& table, const StreamShape& layer, const TokenRows& rows,
                   std::int64_t n) noexcept {
  const auto pack_key = table.pack_kv[static_cast<int>(layer.types.key)];
  const auto pack_value = table.pack_kv[static_cast<int>(layer.types.value)];
  for (std::int64_t token = 0; token < n; ++token) {
    const float *keys = rows.keys + token * rows.key_stride, *values = rows.values + token * rows.value_stride;
    for (int head = 0; head < layer.kv_heads; ++head) {
      pack_key(keys, layer.key_size, keys_ + (head * tokens_ + token) * key_bytes_);
      if (!layer.values_in_keys) {
        pack_value(values, layer.value_size, values_ + (head * tokens_ + token) * value_bytes_);
      }
      keys += layer.key_size;
      values += layer.value_size;
    }
  }
}

}  // namespace brim::kv
