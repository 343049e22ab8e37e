// Upper and lower case as Python's str has them: full Unicode mappings, where one letter may become several.
#pragma once

#include <string_view>

#include "engine/template/jinja/meter.hpp"

namespace brim::templates::jinja {

String upper_case(std::string_view text);
/// With the final form of sigma at the end of a word.
String lower_case(std::string_view text);
/// str.title: each run of letters starts with a title-case letter.
String title_case(std::string_view text);
/// str.capitalize: the first character in title case, the rest in lower case.
String capitalized(std::string_view text);
String swapped_case(std::string_view text);
String folded_case(std::string_view text);

/// Appends the title-case (or upper-case) form of one character.
void append_title(String& out, char32_t code_point);
void append_upper(String& out, char32_t code_point);

}  // namespace brim::templates::jinja
