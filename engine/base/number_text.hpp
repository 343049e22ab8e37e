// Numbers as text, the same whatever locale the host process has set: never a decimal comma, never grouped digits. All
// code of the engine and the commands that turns text into a number, or back, uses this file.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace brim {

/// The integer that all of `text` spells in decimal ("010" is ten); nothing for anything else: an empty text, blanks, a
/// plus sign, a fraction, or a number that does not fit into T.
template <std::integral T>
std::optional<T> parse_integer(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The finite number that all of `text` spells: digits with a point, an exponent, a minus sign. Nothing for anything
/// else; also for one that is larger than a double can hold ("1e999"), and for "inf" and "nan". One that is smaller ("1e-400") is 0.
std::optional<double> parse_number(std::string_view text);

/// A double as a sentence shows it: six significant digits ("0.8", "1e+30", "inf"), as printf's %g in the C locale.
std::string number_text(double value);
/// With so many digits after the point ("64.0"), as printf's %.*f in the C locale.
std::string fixed_text(double value, int digits);

}  // namespace brim
