// What a user may write for --kv-budget.
#include "engine/kv/budget.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"
#include "engine/base/size_text.hpp"

namespace brim::kv {

namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

Error not_a_budget(std::string_view text, std::string_view why) {
  return error(ErrorCode::invalid_argument, "the KV budget ", quoted(text), " ", why,
               "; expected a size (64MiB), a share of the full cache (20%), full or auto");
}

}  // namespace

std::string bytes_text(std::int64_t bytes) { return exact_size_text(static_cast<std::size_t>(bytes)); }

std::optional<double> parse_percent(std::string_view digits) {
  if (digits.empty() || digits.front() == '.' || digits.back() == '.') return std::nullopt;
  if (digits.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  return parse_number(digits);
}

void Split::choose_storage(std::span<const StorageChoice>, std::int64_t, std::span<std::size_t> chosen) const {
  std::fill(chosen.begin(), chosen.end(), std::size_t{0});
}

Result<BudgetRequest> parse_budget(std::string_view text) {
  BudgetRequest request;
  if (equals_ignoring_case(text, "auto")) return request;
  if (equals_ignoring_case(text, "full")) {
    request.kind = BudgetRequest::Kind::full;
    return request;
  }
  if (!text.empty() && text.back() == '%') {
    request.kind = BudgetRequest::Kind::percent;
    std::string_view digits = text.substr(0, text.size() - 1);
    while (!digits.empty() && digits.back() == ' ') digits.remove_suffix(1);
    const std::optional<double> percent = parse_percent(digits);
    if (!percent) return not_a_budget(text, "is not a percentage");
    request.percent = *percent;
    if (!(request.percent > 0 && request.percent <= 100)) return not_a_budget(text, "is not above 0% and up to 100%");
    return request;
  }
  const Result<std::size_t> size = parse_size(text);
  if (!size) return not_a_budget(text, "is not a size");
  if (*size == 0) return not_a_budget(text, "leaves no memory at all");
  if (*size > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max())) {
    return not_a_budget(text, "is too large");
  }
  request.kind = BudgetRequest::Kind::bytes;
  request.bytes = static_cast<std::int64_t>(*size);
  return request;
}

}  // namespace brim::kv
