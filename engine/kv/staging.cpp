// See staging.hpp.
#include "engine/kv/staging.hpp"

namespace brim::kv {

void Staging::pack(const kernels::Table& table, kernels::KvType type, const LayerShape& layer, const float* keys,
                   const float* values, std::int64_t n) noexcept {
  key_bytes_ = static_cast<std::int64_t>(kernels::kv_vector_bytes(type, layer.key_size));
  value_bytes_ = static_cast<std::int64_t>(kernels::kv_vector_bytes(type, layer.value_size));
  values_ = data_ + layer.kv_heads * chunk_ * key_bytes_;
  const auto pack_vector = table.pack_kv[static_cast<int>(type)];
  for (std::int64_t token = 0; token < n; ++token) {
    for (int head = 0; head < layer.kv_heads; ++head) {
      pack_vector(keys, layer.key_size, data_ + (head * chunk_ + token) * key_bytes_);
      pack_vector(values, layer.value_size, values_ + (head * chunk_ + token) * value_bytes_);
      keys += layer.key_size;
      values += layer.value_size;
    }
  }
}

}  // namespace brim::kv
