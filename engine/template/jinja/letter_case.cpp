// See letter_case.hpp. Simple mappings come from utf8proc, the ones that grow from special_cases.def.
#include "engine/template/jinja/letter_case.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/meter.hpp"

namespace brim::templates::jinja {
namespace {

struct SpecialCase {
  char32_t code_point;
  std::u32string_view upper, title;
};

constexpr SpecialCase kSpecialCases[] = {
#include "engine/template/jinja/special_cases.def"
};

const SpecialCase* special(char32_t code_point) {
  if (code_point < 0xDF) return nullptr;
  const auto* found =
      std::lower_bound(std::begin(kSpecialCases), std::end(kSpecialCases), code_point,
                       [](const SpecialCase& entry, char32_t value) { return entry.code_point < value; });
  return found != std::end(kSpecialCases) && found->code_point == code_point ? found : nullptr;
}

void append_all(String& out, std::u32string_view code_points) {
  for (const char32_t code_point : code_points) append_code_point(out, code_point);
}

// Letters and marks that have case, and marks that stand inside words without having one (for the final sigma).
bool is_cased(char32_t c) { return is_cased_upper(c) || is_cased_lower(c) || is_title(c); }

bool is_case_ignorable(char32_t c) {
  if (c == '\'' || c == '.' || c == ':' || c == '^' || c == '`' || c == 0xA8 || c == 0xAD || c == 0xAF || c == 0xB4 ||
      c == 0xB7 || c == 0xB8 || c == 0x2018 || c == 0x2019 || c == 0x2024 || c == 0x2027) {
    return true;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return false;
  }
}

// Sigma is final when a cased letter comes before it and none after it, ignorable marks aside.
bool is_final_sigma(std::string_view text, std::size_t offset, std::size_t next) {
  bool before = false;
  for (std::size_t at = offset; at > 0;) {
    const char32_t c = code_point_before(text, at, at);
    if (is_case_ignorable(c)) continue;
    before = is_cased(c);
    break;
  }
  if (!before) return false;
  for (std::size_t at = next; at < text.size();) {
    const char32_t c = code_point_at(text, at, at);
    if (is_case_ignorable(c)) continue;
    return !is_cased(c);
  }
  return true;
}

void append_lower(String& out, std::string_view text, std::size_t offset, std::size_t next, char32_t c) {
  if (c == 0x130) {
    out += "i\xCC\x87";
  } else if (c == 0x3A3) {
    charge_steps(1);
    append_code_point(out, is_final_sigma(text, offset, next) ? 0x3C2 : 0x3C3);
  } else {
    append_code_point(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
}

// Calls visit(code point, offset, next) for each character.
template <class Visit>
void each(std::string_view text, Visit visit) {
  charge_text(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    std::size_t next = 0;
    const char32_t c = code_point_at(text, offset, next);
    visit(c, offset, next);
    offset = next;
  }
}

}  // namespace

void append_upper(String& out, char32_t c) {
  if (const SpecialCase* entry = special(c)) {
    append_all(out, entry->upper);
  } else {
    append_code_point(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
  }
}

void append_title(String& out, char32_t c) {
  if (const SpecialCase* entry = special(c)) {
    append_all(out, entry->title);
  } else {
    append_code_point(out, static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
  }
}

String upper_case(std::string_view text) {
  String out;
  each(text, [&](char32_t c, std::size_t, std::size_t) { append_upper(out, c); });
  return out;
}

String lower_case(std::string_view text) {
  String out;
  each(text, [&](char32_t c, std::size_t offset, std::size_t next) { append_lower(out, text, offset, next, c); });
  return out;
}

String title_case(std::string_view text) {
  String out;
  bool inside = false;
  each(text, [&](char32_t c, std::size_t offset, std::size_t next) {
    if (inside) {
      append_lower(out, text, offset, next, c);
    } else {
      append_title(out, c);
    }
    inside = is_cased(c);
  });
  return out;
}

String capitalized(std::string_view text) {
  String out;
  each(text, [&](char32_t c, std::size_t offset, std::size_t next) {
    if (offset == 0) {
      append_title(out, c);
    } else {
      append_lower(out, text, offset, next, c);
    }
  });
  return out;
}

String swapped_case(std::string_view text) {
  String out;
  each(text, [&](char32_t c, std::size_t offset, std::size_t next) {
    if (is_cased_upper(c)) {
      append_lower(out, text, offset, next, c);
    } else if (is_cased_lower(c)) {
      append_upper(out, c);
    } else {
      append_code_point(out, c);
    }
  });
  return out;
}

String folded_case(std::string_view text) {
  charge_text(text.size());
  // Folding goes character by character, so it can go piece by piece: utf8proc takes four bytes for every character.
  constexpr std::size_t kPiece = 4096;
  String out;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, offset_of(text.substr(0, kPiece + 4), kPiece / 4));
    text.remove_prefix(piece.size());
    utf8proc_uint8_t* folded = nullptr;
    const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(piece.data()),
                                               static_cast<utf8proc_ssize_t>(piece.size()), &folded,
                                               static_cast<utf8proc_option_t>(UTF8PROC_CASEFOLD));
    if (size < 0) {
      out += lower_case(piece);
      continue;
    }
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(folded, &std::free);
    out.append(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(size));
  }
  return out;
}

}  // namespace brim::templates::jinja
