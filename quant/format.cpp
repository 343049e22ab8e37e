// The table behind quant/formats.def, and the names of the types that GGUF defines and Brim does not read.
#include "quant/format.hpp"

namespace brim::quant {
namespace {

constexpr FormatInfo kFormats[kFormatCount] = {
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes) {name, gguf_id, block_length, block_bytes},
#include "quant/formats.def"
#undef FORMAT
};

struct TypeName {
  std::uint32_t gguf_id;
  std::string_view name;
};

/// Type numbers of ggml's enumeration that are not in formats.def. The numbers of removed types were never reused. The
/// last two are a fork's: their values are those of a Hadamard transform of the weights.
constexpr TypeName kOtherTypes[] = {
    {4, "Q4_2 (removed)"},
    {5, "Q4_3 (removed)"},
    {9, "Q8_1"},
    {15, "Q8_K"},
    {24, "I8"},
    {25, "I16"},
    {26, "I32"},
    {27, "I64"},
    {28, "F64"},
    {31, "Q4_0_4_4 (removed)"},
    {32, "Q4_0_4_8 (removed)"},
    {33, "Q4_0_8_8 (removed)"},
    {36, "IQ4_NL_4_4 (removed)"},
    {37, "IQ4_NL_4_8 (removed)"},
    {38, "IQ4_NL_8_8 (removed)"},
    {142, "PQ2_0"},
    {143, "PTQ1_0"},
};

constexpr char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

const FormatInfo& info(Format format) noexcept { return kFormats[static_cast<int>(format)]; }

std::optional<Format> format_from_gguf(std::uint32_t gguf_id) noexcept {
  for (int i = 0; i < kFormatCount; ++i) {
    if (kFormats[i].gguf_id == gguf_id) return static_cast<Format>(i);
  }
  return std::nullopt;
}

std::optional<Format> format_from_name(std::string_view name) noexcept {
  for (int i = 0; i < kFormatCount; ++i) {
    if (same_letters(kFormats[i].name, name)) return static_cast<Format>(i);
  }
  return std::nullopt;
}

std::string_view gguf_type_name(std::uint32_t gguf_id) noexcept {
  if (const std::optional<Format> format = format_from_gguf(gguf_id)) return info(*format).name;
  for (const TypeName& other : kOtherTypes) {
    if (other.gguf_id == gguf_id) return other.name;
  }
  return {};
}

}  // namespace brim::quant
