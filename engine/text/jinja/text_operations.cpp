// See text_operations.hpp.
#include "engine/text/jinja/text_operations.hpp"

#include <algorithm>
#include <cstring>

#include "engine/text/jinja/code_points.hpp"
#include "engine/text/jinja/meter.hpp"

namespace brim::text::jinja {
namespace {

constexpr std::size_t npos = std::string_view::npos;

// Offsets where white space begins or ends are found by reading characters; ASCII is most of it.
bool space_at(std::string_view text, std::size_t offset, std::size_t& next) {
  return is_space(code_point_at(text, offset, next));
}

}  // namespace

std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from) {
  if (from > text.size()) return npos;
  charge_text(text.size() - from);
  if (wanted.empty()) return from;
  // memmem is linear even for texts made to be slow; std::string_view::find is not.
  const void* found = ::memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  return found == nullptr ? npos : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t find_last_text(std::string_view text, std::string_view wanted, std::size_t end) {
  end = std::min(end, text.size());
  if (wanted.size() > end) return npos;
  // Compared place by place: charged for the worst case.
  charge_steps(static_cast<std::int64_t>(end / 64 * (1 + wanted.size() / 64)));
  return text.substr(0, end).rfind(wanted);
}

std::size_t count_text(std::string_view text, std::string_view wanted) {
  if (wanted.empty()) return count_code_points(text) + 1;
  std::size_t count = 0;
  charge_text(text.size());
  for (std::size_t at = 0; at + wanted.size() <= text.size(); at += wanted.size(), ++count) {
    const void* found = ::memmem(text.data() + at, text.size() - at, wanted.data(), wanted.size());
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  }
  return count;
}

std::string replace_text(std::string_view text, std::string_view old, std::string_view fresh, long long limit) {
  charge_text(text.size());
  std::string out;
  std::size_t at = 0;
  const auto room = [&] {
    if (out.size() > kMaxTextBytes) charge_text(out.size());
  };
  if (old.empty()) {
    // Before every character and at the end.
    for (; limit != 0; --limit) {
      out += fresh;
      room();
      if (at >= text.size()) return out;
      std::size_t next = 0;
      code_point_at(text, at, next);
      out.append(text, at, next - at);
      at = next;
    }
    return out.append(text, at, npos);
  }
  for (; limit != 0; --limit) {
    const void* found = at > text.size() - std::min(old.size(), text.size())
                            ? nullptr
                            : ::memmem(text.data() + at, text.size() - at, old.data(), old.size());
    if (found == nullptr) break;
    const auto place = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    out.append(text, at, place - at);
    out += fresh;
    room();
    at = place + old.size();
  }
  return out.append(text, at, npos);
}

std::vector<std::string_view> split_space(std::string_view text, long long limit) {
  charge_text(text.size());
  std::vector<std::string_view> parts;
  text = strip_left(text);
  while (!text.empty()) {
    if (limit >= 0 && static_cast<long long>(parts.size()) >= limit) {
      parts.push_back(text);  // the rest keeps its white space at the far end
      break;
    }
    std::size_t end = 0;
    for (std::size_t next = 0; end < text.size() && !space_at(text, end, next);) end = next;
    parts.push_back(text.substr(0, end));
    text = strip_left(text.substr(end));
  }
  return parts;
}

std::vector<std::string_view> split_space_from_right(std::string_view text, long long limit) {
  charge_text(text.size());
  std::vector<std::string_view> parts;
  text = strip_right(text);
  while (!text.empty()) {
    if (limit >= 0 && static_cast<long long>(parts.size()) >= limit) {
      parts.push_back(text);
      break;
    }
    std::size_t start = text.size();
    while (start > 0) {
      std::size_t previous = 0;
      if (is_space(code_point_before(text, start, previous))) break;
      start = previous;
    }
    parts.push_back(text.substr(start));
    text = strip_right(text.substr(0, start));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_text(std::string_view text, std::string_view separator, long long limit) {
  charge_text(text.size());
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (limit < 0 || static_cast<long long>(parts.size()) < limit) {
    const void* found = ::memmem(text.data() + at, text.size() - at, separator.data(), separator.size());
    if (found == nullptr) break;
    const auto place = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    parts.push_back(text.substr(at, place - at));
    at = place + separator.size();
  }
  parts.push_back(text.substr(at));
  return parts;
}

std::vector<std::string_view> split_text_from_right(std::string_view text, std::string_view separator,
                                                    long long limit) {
  std::vector<std::string_view> parts;
  std::size_t end = text.size();
  while (limit < 0 || static_cast<long long>(parts.size()) < limit) {
    if (separator.size() > end) break;
    const std::size_t place = text.substr(0, end).rfind(separator);
    charge_steps(static_cast<std::int64_t>((end - (place == npos ? 0 : place)) / 64 * (1 + separator.size() / 64)));
    if (place == npos) break;
    parts.push_back(text.substr(place + separator.size(), end - place - separator.size()));
    end = place;
  }
  parts.push_back(text.substr(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  charge_text(text.size());
  std::vector<std::string_view> lines;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t next = 0;
    const char32_t c = code_point_at(text, at, next);
    if (is_line_break(c)) {
      if (c == '\r' && next < text.size() && text[next] == '\n') ++next;
      lines.push_back(text.substr(start, (keep_ends ? next : at) - start));
      start = next;
    }
    at = next;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

std::string_view strip_set(std::string_view text, std::string_view set, bool left, bool right) {
  charge_steps(static_cast<std::int64_t>(text.size() / 64 * (1 + set.size() / 16)));
  const auto in_set = [&](std::string_view character) { return set.find(character) != npos; };
  while (left && !text.empty()) {
    std::size_t next = 0;
    code_point_at(text, 0, next);
    if (!in_set(text.substr(0, next))) break;
    text.remove_prefix(next);
  }
  while (right && !text.empty()) {
    std::size_t previous = 0;
    code_point_before(text, text.size(), previous);
    if (!in_set(text.substr(previous))) break;
    text.remove_suffix(text.size() - previous);
  }
  return text;
}

std::string padded(std::string_view text, std::string_view fill, long long left, long long right) {
  const long long limit = static_cast<long long>(kMaxTextBytes) + 1;
  left = std::clamp(left, 0LL, limit);
  right = std::clamp(right, 0LL, limit);
  charge_text(text.size() + fill.size() * static_cast<std::size_t>(left + right));
  std::string out;
  for (long long i = 0; i < left; ++i) out += fill;
  out += text;
  for (long long i = 0; i < right; ++i) out += fill;
  return out;
}

}  // namespace brim::text::jinja
