// How one cached key or value vector is stored. A vector (one head of one entry) never shares a block with another;
// the last q8_0 block of a head may be short (head sizes 48, 80): it stores its scale and only the values there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace brim::kernels {

enum class KvType : std::uint8_t { f32, f16, q8_0 };
inline constexpr int kKvTypeCount = 3;
inline constexpr int kKvBlock = 32;  ///< values per q8_0 block: float16 scale, then the int8 values

/// Bytes of a cached vector of `size` values.
constexpr std::size_t kv_vector_bytes(KvType type, int size) {
  const std::size_t values = static_cast<std::size_t>(size);
  if (type == KvType::f32) return values * 4;
  if (type == KvType::f16) return values * 2;
  return values + 2 * ((values + kKvBlock - 1) / kKvBlock);
}

constexpr std::string_view kv_type_name(KvType type) {
  return type == KvType::f32 ? "f32" : type == KvType::f16 ? "f16" : "q8_0";
}

}  // namespace brim::kernels
