// See number_text.hpp.
#include "engine/base/number_text.hpp"

#include <cmath>

namespace brim {

namespace {

/// Of a number that a double cannot hold: whether it is too small, and so 0. Then it has a negative exponent, or nothing but
/// zeros before its point.
bool is_too_small(std::string_view text) {
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) return text.substr(exponent + 1).starts_with('-');
  return text.substr(0, text.find('.')).find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (failure == std::errc::result_out_of_range && is_too_small(text)) return text.starts_with('-') ? -0.0 : 0.0;
  if (failure != std::errc() || !std::isfinite(value)) return std::nullopt;
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
