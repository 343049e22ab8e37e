// See number_text.hpp.
#include "engine/base/number_text.hpp"

#include <cmath>

namespace brim {

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string number_text(double value) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6);
  return {text, written.ptr};
}

std::string fixed_text(double value, int digits) {
  char text[400];  // the largest double has 309 digits before the point
  const auto written = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
  return written.ec == std::errc() ? std::string(text, written.ptr) : number_text(value);
}

}  // namespace brim
