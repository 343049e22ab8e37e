// UTF-8 text as Python sees it: a sequence of code points. All offsets are bytes, all indices are code points.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/template/jinja/meter.hpp"

namespace brim::templates::jinja {

/// A copy in which every byte that is not part of well-formed UTF-8 is U+FFFD.
String valid_utf8(std::string_view bytes);

/// The code point at `offset` of valid UTF-8 (offset < size); `next` becomes the offset after it.
char32_t code_point_at(std::string_view text, std::size_t offset, std::size_t& next);
/// The code point that ends at `offset` (offset > 0); `previous` becomes the offset where it starts.
char32_t code_point_before(std::string_view text, std::size_t offset, std::size_t& previous);
/// Appends one code point; surrogates and values beyond U+10FFFF become U+FFFD.
void append_code_point(String& out, char32_t code_point);

std::size_t count_code_points(std::string_view text);
/// The offset of code point `index`; the size of the text when there are not so many.
std::size_t offset_of(std::string_view text, std::size_t index);

/// str.isspace of one character.
bool is_space(char32_t code_point);
/// Where str.splitlines breaks (CR LF is handled by the caller).
bool is_line_break(char32_t code_point);
bool is_alphabetic(char32_t code_point);   ///< str.isalpha
bool is_decimal(char32_t code_point);      ///< str.isdecimal
bool is_digit(char32_t code_point);        ///< str.isdigit: decimals and superscripts and circled digits
bool is_numeric(char32_t code_point);      ///< str.isnumeric
bool is_printable(char32_t code_point);    ///< str.isprintable
bool is_word(char32_t code_point);         ///< \w of Python's re
bool is_cased_upper(char32_t code_point);  ///< upper-case letter (Lu, or Other_Uppercase)
bool is_cased_lower(char32_t code_point);
bool is_title(char32_t code_point);  ///< title-case letter (Lt)
bool starts_identifier(char32_t code_point);
bool continues_identifier(char32_t code_point);

std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
std::string_view strip(std::string_view text);

}  // namespace brim::templates::jinja
