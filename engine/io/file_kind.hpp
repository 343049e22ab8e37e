// What a file is that is not a GGUF file: the kinds that people have in place of a model, and what to do about each.
#pragma once

#include <cstddef>
#include <string_view>

namespace brim::io {

/// How many bytes of a file's beginning other_kind() looks at.
inline constexpr std::size_t kKindBytes = 64;

/// "a safetensors file: …", the second half of a sentence, for the beginning of a file; "" for any other content.
std::string_view other_kind(std::string_view beginning);

}  // namespace brim::io
