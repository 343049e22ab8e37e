// See text_operations.hpp.
#include "engine/template/jinja/text_operations.hpp"

#include <algorithm>

#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/meter.hpp"
#include "platform/find_text.hpp"

namespace brim::templates::jinja {
namespace {

constexpr std::size_t npos = std::string_view::npos;

// Offsets where white space begins or ends are found by reading characters; most white space is ASCII.
bool space_at(std::string_view text, std::size_t offset, std::size_t& next) {
  return is_space(code_point_at(text, offset, next));
}

// A sanitizer's memmem looks at the whole text for each match, so a single byte, by which long texts are split, is found by
// another function.
std::size_t find_uncharged(std::string_view text, std::string_view wanted, std::size_t from) {
  if (wanted.empty()) return from;
  if (wanted.size() == 1) return text.find(wanted.front(), from);
  const std::size_t found = platform::find_text(text.substr(from), wanted);
  return found == npos ? npos : from + found;
}

// A needle of up to 256 bytes may be compared at every place, a longer one makes the search skip.
void charge_search(std::size_t text, std::size_t wanted) {
  charge_text(text);
  charge_steps(static_cast<std::int64_t>(text / 64 * (std::min<std::size_t>(wanted, 256) / 64) + wanted / 16));
}

// Finds a text from the end of another one, by the algorithm of Knuth, Morris and Pratt on the mirrored texts.
class FromRight {
 public:
  explicit FromRight(std::string_view wanted) : wanted_(wanted), fallback_(wanted.size() + 1, 0) {
    charge_steps(static_cast<std::int64_t>(wanted.size() / 16));
    for (std::size_t length = 2; length <= wanted.size(); ++length) {
      fallback_[length] = static_cast<std::uint32_t>(advance(fallback_[length - 1], mirrored(length - 1)));
    }
  }

  /// The last match that ends at or before `end`, or npos. Linear in what lies between.
  std::size_t find(std::string_view text, std::size_t end) const {
    if (wanted_.empty()) return end;
    std::size_t matched = 0;
    for (std::size_t at = end; at-- > 0;) {
      matched = advance(matched, text[at]);
      if (matched == wanted_.size()) return at;
    }
    return npos;
  }

 private:
  char mirrored(std::size_t i) const { return wanted_[wanted_.size() - 1 - i]; }
  std::size_t advance(std::size_t matched, char c) const {
    while (matched > 0 && (matched == wanted_.size() || mirrored(matched) != c)) matched = fallback_[matched];
    return mirrored(matched) == c ? matched + 1 : 0;
  }

  std::string_view wanted_;
  Vector<std::uint32_t> fallback_;  // per matched length: the longest shorter one that ends alike
};

// The characters of a set: a bit for each ASCII one, the others sorted.
class CharacterSet {
 public:
  explicit CharacterSet(std::string_view set) {
    charge_text(set.size());
    for (std::size_t offset = 0; offset < set.size();) {
      const char32_t c = code_point_at(set, offset, offset);
      if (c < 0x80) {
        ascii_[c] = true;
      } else {
        others_.push_back(c);
      }
    }
    charge_steps(static_cast<std::int64_t>(others_.size()));
    std::sort(others_.begin(), others_.end());
  }
  bool contains(char32_t c) const {
    return c < 0x80 ? ascii_[c] : std::binary_search(others_.begin(), others_.end(), c);
  }

 private:
  bool ascii_[0x80] = {};
  Vector<char32_t> others_;
};

}  // namespace

std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from) {
  if (from > text.size()) return npos;
  charge_search(text.size() - from, wanted.size());
  return find_uncharged(text, wanted, from);
}

std::size_t find_last_text(std::string_view text, std::string_view wanted, std::size_t end) {
  end = std::min(end, text.size());
  charge_text(end);
  return FromRight(wanted).find(text, end);
}

std::size_t count_text(std::string_view text, std::string_view wanted) {
  charge_search(text.size(), wanted.size());
  if (wanted.empty()) return count_code_points(text) + 1;
  std::size_t count = 0;
  for (std::size_t at = find_uncharged(text, wanted, 0); at != npos;
       at = find_uncharged(text, wanted, at + wanted.size()))
    ++count;
  return count;
}

String replace_text(std::string_view text, std::string_view old, std::string_view fresh, long long limit) {
  charge_search(text.size(), old.size());
  String out;
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
    const std::size_t place = find_uncharged(text, old, at);
    if (place == npos) break;
    out.append(text, at, place - at);
    out += fresh;
    room();
    at = place + old.size();
  }
  return out.append(text, at, npos);
}

Vector<std::string_view> split_space(std::string_view text, long long limit) {
  charge_text(text.size());
  Vector<std::string_view> parts;
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

Vector<std::string_view> split_space_from_right(std::string_view text, long long limit) {
  charge_text(text.size());
  Vector<std::string_view> parts;
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

Vector<std::string_view> split_text(std::string_view text, std::string_view separator, long long limit) {
  charge_search(text.size(), separator.size());
  Vector<std::string_view> parts;
  std::size_t at = 0;
  while (limit < 0 || static_cast<long long>(parts.size()) < limit) {
    const std::size_t place = find_uncharged(text, separator, at);
    if (place == npos) break;
    parts.push_back(text.substr(at, place - at));
    at = place + separator.size();
  }
  parts.push_back(text.substr(at));
  return parts;
}

Vector<std::string_view> split_text_from_right(std::string_view text, std::string_view separator, long long limit) {
  charge_text(text.size());
  const FromRight finder(separator);
  Vector<std::string_view> parts;
  std::size_t end = text.size();
  while (limit < 0 || static_cast<long long>(parts.size()) < limit) {
    const std::size_t place = finder.find(text, end);
    if (place == npos) break;
    parts.push_back(text.substr(place + separator.size(), end - place - separator.size()));
    end = place;
  }
  parts.push_back(text.substr(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  charge_text(text.size());
  Vector<std::string_view> lines;
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
  charge_text(text.size());
  const CharacterSet characters(set);
  while (left && !text.empty()) {
    std::size_t next = 0;
    if (!characters.contains(code_point_at(text, 0, next))) break;
    text.remove_prefix(next);
  }
  while (right && !text.empty()) {
    std::size_t previous = 0;
    if (!characters.contains(code_point_before(text, text.size(), previous))) break;
    text.remove_suffix(text.size() - previous);
  }
  return text;
}

String padded(std::string_view text, std::string_view fill, long long left, long long right) {
  const long long limit = static_cast<long long>(kMaxTextBytes) + 1;
  left = std::clamp(left, 0LL, limit);
  right = std::clamp(right, 0LL, limit);
  charge_text(text.size() + fill.size() * static_cast<std::size_t>(left + right));
  String out;
  for (long long i = 0; i < left; ++i) out += fill;
  out += text;
  for (long long i = 0; i < right; ++i) out += fill;
  return out;
}

}  // namespace brim::templates::jinja
