// See number_checks.hpp.
#include "apps/model_options/number_checks.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <limits>
#include <string>

#include "engine/base/quote.hpp"
#include "engine/kv/plan.hpp"

namespace brim::apps {
namespace {

std::string refusal(const std::string& expected, const std::string& found) {
  return fmt::format("expected {}, found {}", expected, quoted(found));
}

}  // namespace

CLI::Validator whole_number(std::int64_t min, std::int64_t max) {
  return CLI::Validator(
      [min, max](std::string& text) {
        const auto number = parse_integer<std::int64_t>(text);
        if (!number || *number < min || *number > max) {
          return refusal(fmt::format("a whole number from {} to {}", min, max), text);
        }
        text = fmt::format("{}", *number);  // without leading zeros, which CLI11 would take for octal
        return std::string();
      },
      "");
}

CLI::Validator context_length(std::int64_t min) { return whole_number(min, kv::kLargestContext); }

CLI::Validator number_between(double min, double max) {
  return CLI::Validator(
      [min, max](std::string& text) {
        const auto number = parse_number(text);
        if (!number || *number < min || *number > max) {
          return refusal(fmt::format("a number from {} to {}", min, max), text);
        }
        text = fmt::format("{}", *number);
        return std::string();
      },
      "");
}

CLI::Validator any_number() {
  return CLI::Validator(
      [](std::string& text) { return parse_number(text) ? std::string() : refusal("a number", text); }, "");
}

CLI::Validator seed_number() {
  return CLI::Validator(
      [](std::string& text) {
        if (parse_integer<std::int64_t>(text) == 0) text = "0";  // "-0" too, as for every other number
        if (text == "-1" || parse_integer<std::uint64_t>(text)) return std::string();
        return refusal(fmt::format("-1 or a whole number from 0 to {}", std::numeric_limits<std::uint64_t>::max()),
                       text);
      },
      "");
}

}  // namespace brim::apps
