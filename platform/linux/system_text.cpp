// See system_text.hpp.
#include "platform/linux/system_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace brim {
namespace {

constexpr std::size_t kMaxText = std::size_t{4} << 20;

}  // namespace

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  char piece[4096];
  while (text.size() < kMaxText && (file.read(piece, sizeof piece), file.gcount() > 0)) {
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

std::vector<std::string> split_text(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
  std::uint64_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (__builtin_mul_overflow(number, std::uint64_t{10}, &number) ||
        __builtin_add_overflow(number, static_cast<std::uint64_t>(text[digits] - '0'), &number)) {
      return std::nullopt;
    }
  }
  if (digits == 0) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> named_number(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
    if (line.size() > name.size() && line.substr(0, name.size()) == name) {
      const char next = line[name.size()];
      if (next == ' ' || next == '\t') return leading_number(line.substr(name.size()));
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

std::set<int> number_list(const std::string& text) {
  constexpr long kMax = 65536;
  std::set<int> cpus;
  const char* at = text.c_str();
  for (;;) {
    char* end = nullptr;
    const long first = std::strtol(at, &end, 10);
    if (end == at || first < 0 || first > kMax) break;
    long last = first;
    at = end;
    if (*at == '-') {
      last = std::strtol(at + 1, &end, 10);
      if (end == at + 1 || last < first || last > kMax) break;
      at = end;
    }
    for (long cpu = first; cpu <= last; ++cpu) cpus.insert(static_cast<int>(cpu));
    if (*at != ',') break;
    ++at;
  }
  return cpus;
}

}  // namespace brim
