// How cached keys and values are stored. A vector (one head of one entry) never shares a block with another vector. The
// last block of a head may be short (head sizes 48, 80): it stores its scale and only the values that exist.
//
// Types with levels store a vector x as H·x, where H is the Walsh–Hadamard rotation: it spreads a dimension that is much
// larger than the others over all of them, so that it does not set everyone's step (QuaRot, arXiv 2404.00456). H is
// orthonormal and its own inverse. Packing rotates, unpacking rotates back, and attention rotates queries and its
// output instead of every entry: outside the kernels nothing is ever rotated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace brim::kernels {

enum class KvType : std::uint8_t { f32, f16, q8_0, q5_0, q4_0, q3_0 };
inline constexpr int kKvTypeCount = 6;
/// Values per block of the types with levels: a float16 scale, then the levels of `count` values (the last block of a
/// vector may be short), each stored plus 2^(bits − 1):
///   q8_0  an int8 for each (without the addition)
///   q4_0  half = (count + 1) / 2 bytes: byte i holds value i in its low and value i + half in its high four bits
///   q5_0  the low four bits as in q4_0, then the highest bit of value i in bit i mod 8 of byte i / 8
///   q3_0  quarter = (count + 3) / 4 bytes: byte i holds the low two bits of values i, i + quarter, …; then the highest
///         bits as in q5_0
/// Whole blocks of q8_0 and q4_0 are laid out as in GGUF.
inline constexpr int kKvBlock = 32;

/// Whether a type stores levels of a scale per block, and therefore rotates vectors.
constexpr bool kv_scaled(KvType type) { return type >= KvType::q8_0; }
/// Whether a key loses so much by being packed again that it is not done without limit (kv/rebase.hpp).
constexpr bool kv_below_8_bits(KvType type) { return type > KvType::q8_0; }
/// Bits of a level of a type that has them.
constexpr int kv_level_bits(KvType type) {
  return type == KvType::q8_0 ? 8 : type == KvType::q5_0 ? 5 : type == KvType::q4_0 ? 4 : 3;
}

/// The max number of values that are rotated together: a multiple of kKvBlock.
inline constexpr int kKvRotation = 256;
/// H rotates a vector block by block: each block is the largest power of two that the values left over allow. Heads of
/// 64, 128 and 256 are one block; 48 is 32 and 16, 80 is 64 and 16, 96 is 64 and 32.
constexpr int kv_rotation_block(int left) {
  int block = kKvRotation;
  while (block > left) block /= 2;
  return block;
}

/// Bytes of the low four bits of a block of q4_0 or q5_0, and the distance between two values that share a byte.
constexpr int kv_nibble_bytes(int values) { return (values + 1) / 2; }
/// The same for the low two bits of q3_0, of which four values share a byte.
constexpr int kv_quarter_bytes(int values) { return (values + 3) / 4; }
/// Bytes of the levels of a block of `values` values, without its scale.
constexpr int kv_level_bytes(KvType type, int values) {
  if (type == KvType::q8_0) return values;
  const int high_bits = type == KvType::q4_0 ? 0 : (values + 7) / 8;
  return high_bits + (type == KvType::q3_0 ? kv_quarter_bytes(values) : kv_nibble_bytes(values));
}

/// Bytes of a cached vector of `size` values.
constexpr std::size_t kv_vector_bytes(KvType type, int size) {
  const std::size_t values = static_cast<std::size_t>(size);
  if (type == KvType::f32) return values * 4;
  if (type == KvType::f16) return values * 2;
  const int rest = size % kKvBlock;
  const std::size_t whole = values / kKvBlock * static_cast<std::size_t>(2 + kv_level_bytes(type, kKvBlock));
  return whole + static_cast<std::size_t>(rest == 0 ? 0 : 2 + kv_level_bytes(type, rest));
}

/// Whether the first `prefix` values of a stored vector of `size` values are stored as a vector of that many values
/// would be: not where a block of levels or of the rotation reaches beyond them.
constexpr bool kv_begins_with_vector(KvType type, int size, int prefix) {
  if (prefix > size) return false;
  if (!kv_scaled(type) || prefix == size) return true;
  if (prefix % kKvBlock != 0) return false;
  for (int at = 0; at < prefix; at += kv_rotation_block(prefix - at)) {
    if (kv_rotation_block(size - at) != kv_rotation_block(prefix - at)) return false;
  }
  return true;
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
  constexpr std::string_view kNames[kKvTypeCount] = {"f32", "f16", "q8_0", "q5_0", "q4_0", "q3_0"};
  return kNames[static_cast<int>(type)];
}
/// "f16", or "q8_0:q4_0" where keys and values differ. NUL-terminated, as a C string.
constexpr std::string_view kv_types_name(KvTypes types) {
  constexpr std::string_view kNames[kKvTypeCount][kKvTypeCount] = {
      {"f32", "f32:f16", "f32:q8_0", "f32:q5_0", "f32:q4_0", "f32:q3_0"},
      {"f16:f32", "f16", "f16:q8_0", "f16:q5_0", "f16:q4_0", "f16:q3_0"},
      {"q8_0:f32", "q8_0:f16", "q8_0", "q8_0:q5_0", "q8_0:q4_0", "q8_0:q3_0"},
      {"q5_0:f32", "q5_0:f16", "q5_0:q8_0", "q5_0", "q5_0:q4_0", "q5_0:q3_0"},
      {"q4_0:f32", "q4_0:f16", "q4_0:q8_0", "q4_0:q5_0", "q4_0", "q4_0:q3_0"},
      {"q3_0:f32", "q3_0:f16", "q3_0:q8_0", "q3_0:q5_0", "q3_0:q4_0", "q3_0"},
  };
  return kNames[static_cast<int>(types.key)][static_cast<int>(types.value)];
}

/// The texts that parse_kv_types accepts, for messages and help.
inline constexpr const char* kKvTypesForm = "f32, f16, q8_0, q5_0, q4_0 or q3_0, or two of them as KEYS:VALUES";

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
