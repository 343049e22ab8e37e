// Sentences put together from text and numbers. No stream is involved: a stream would take the host's global locale, and
// write 1.234,5 where the file says 1234.5.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "engine/base/number_text.hpp"

namespace brim {

inline void append_piece(std::string& sentence, std::string_view text) { sentence += text; }
inline void append_piece(std::string& sentence, char letter) { sentence += letter; }
template <std::integral T>
requires(!std::same_as<T, char>) void append_piece(std::string& sentence, T number) {
  if constexpr (std::same_as<T, bool>) {
    sentence += number ? "true" : "false";
  } else {
    sentence += std::to_string(number);
  }
}
inline void append_piece(std::string& sentence, double number) { sentence += number_text(number); }

/// Joins texts, characters and numbers: sentence("tensor ", name, " has ", n, " rows").
template <class... Parts>
std::string sentence(const Parts&... parts) {
  std::string joined;
  (append_piece(joined, parts), ...);
  return joined;
}

}  // namespace brim
