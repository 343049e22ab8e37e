// The formats as an enumeration with their sizes: the table behind quant/formats.def. Independent of CPUs and models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace brim::quant {

enum class Format : std::uint8_t {
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes) identifier,
#include "quant/formats.def"
#undef FORMAT
};

inline constexpr int kFormatCount = 0
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes) +1
#include "quant/formats.def"
#undef FORMAT
    ;

struct FormatInfo {
  std::string_view name;  ///< as GGUF tools print it: "Q4_K"
  std::uint32_t gguf_id;  ///< the type number in a GGUF file
  int block_length;       ///< values per block; a row's length must be a multiple
  int block_bytes;        ///< bytes per block
};

/// The constants of a format.
const FormatInfo& info(Format format) noexcept;
/// The format with this GGUF type number, if Brim reads it.
std::optional<Format> format_from_gguf(std::uint32_t gguf_id) noexcept;
/// The format with this name, case-insensitive ("q4_k", "Q4_K").
std::optional<Format> format_from_name(std::string_view name) noexcept;
/// The name of any type number that GGUF has ever defined ("IQ2_XXS", "Q4_2 (removed)"), empty when the number is
/// unknown: so that a known but unsupported type can be refused by name.
std::string_view gguf_type_name(std::uint32_t gguf_id) noexcept;

/// Bytes of a row of `count` values; `count` must be a multiple of the block length.
inline std::size_t row_bytes(Format format, std::int64_t count) noexcept {
  const FormatInfo& facts = info(format);
  return static_cast<std::size_t>(count / facts.block_length) * static_cast<std::size_t>(facts.block_bytes);
}

}  // namespace brim::quant
