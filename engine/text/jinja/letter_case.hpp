// Upper and lower case as Python's str has them: full Unicode mappings, where one letter may become several.
#pragma once

#include <string>
#include <string_view>

namespace brim::text::jinja {

std::string upper_case(std::string_view text);
/// With the final form of sigma at the end of a word.
std::string lower_case(std::string_view text);
/// str.title: each run of letters starts with a title-case letter.
std::string title_case(std::string_view text);
/// str.capitalize: the first character in title case, the rest in lower case.
std::string capitalized(std::string_view text);
std::string swapped_case(std::string_view text);
std::string folded_case(std::string_view text);

/// Appends the title-case (or upper-case) form of one character.
void append_title(std::string& out, char32_t code_point);
void append_upper(std::string& out, char32_t code_point);

}  // namespace brim::text::jinja
