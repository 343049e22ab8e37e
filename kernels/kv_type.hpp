// How cached keys and values are stored. A vector (one head of one entry) never shares a block with another vector. The
// last block of a head may be short (head sizes 48, 80): it stores its scale and only the values that exist.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace brim::kernels {

enum class KvType : std::uint8_t { f32, f16, q8_0, q4_0 };
inline constexpr int kKvTypeCount = 4;
/// Values per block of q8_0 and q4_0: a float16 scale, then the int8 values; or half as many bytes, where byte i holds
/// value i in its low and value i + half in its high four bits, each plus 8. The same as in GGUF, except for short
/// blocks.
inline constexpr int kKvBlock = 32;

/// Bytes of the values of a q4_0 block of `values` values, and the distance between two values that share a byte.
constexpr int kv_nibble_bytes(int values) { return (values + 1) / 2; }

/// Bytes of a cached vector of `size` values.
constexpr std::size_t kv_vector_bytes(KvType type, int size) {
  const std::size_t values = static_cast<std::size_t>(size);
  if (type == KvType::f32) return values * 4;
  if (type == KvType::f16) return values * 2;
  const std::size_t scales = 2 * ((values + kKvBlock - 1) / kKvBlock);
  return scales + (type == KvType::q8_0 ? values : (values + 1) / 2);
}

/// The storage types of keys and of values.
struct KvTypes {
  KvType key = KvType::f16;
  KvType value = KvType::f16;

  constexpr KvTypes() = default;
  constexpr KvTypes(KvType both) : key(both), value(both) {}
  constexpr KvTypes(KvType of_keys, KvType of_values) : key(of_keys), value(of_values) {}
  constexpr bool operator==(const KvTypes&) const = default;
};

/// "f16"
constexpr std::string_view kv_type_name(KvType type) {
  constexpr std::string_view kNames[kKvTypeCount] = {"f32", "f16", "q8_0", "q4_0"};
  return kNames[static_cast<int>(type)];
}
/// "f16", or "q8_0:q4_0" where keys and values differ. NUL-terminated, as a C string.
constexpr std::string_view kv_types_name(KvTypes types) {
  constexpr std::string_view kNames[kKvTypeCount][kKvTypeCount] = {
      {"f32", "f32:f16", "f32:q8_0", "f32:q4_0"},
      {"f16:f32", "f16", "f16:q8_0", "f16:q4_0"},
      {"q8_0:f32", "q8_0:f16", "q8_0", "q8_0:q4_0"},
      {"q4_0:f32", "q4_0:f16", "q4_0:q8_0", "q4_0"},
  };
  return kNames[static_cast<int>(types.key)][static_cast<int>(types.value)];
}

/// The texts that parse_kv_types accepts, for messages and help.
inline constexpr const char* kKvTypesForm = "f32, f16, q8_0 or q4_0, or two of them as KEYS:VALUES";

/// "f16" sets keys and values alike; "q8_0:q4_0" sets keys, then values. Returns nothing for any other text.
constexpr std::optional<KvTypes> parse_kv_types(std::string_view text) {
  const auto parse = [](std::string_view name) -> std::optional<KvType> {
    for (int type = 0; type < kKvTypeCount; ++type) {
      if (name == kv_type_name(static_cast<KvType>(type))) return static_cast<KvType>(type);
    }
    return std::nullopt;
  };
  const std::size_t colon = text.find(':');
  const auto key = parse(text.substr(0, colon));
  const auto value = colon == std::string_view::npos ? key : parse(text.substr(colon + 1));
  if (!key || !value) return std::nullopt;
  return KvTypes(*key, *value);
}

}  // namespace brim::kernels
