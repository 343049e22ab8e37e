// Searching, splitting and replacing in UTF-8 text, shared by filters and methods. Offsets are bytes; all inputs are
// valid UTF-8, so a match can only begin and end between characters. Work and result size are charged to the meter.
#pragma once

#include <string_view>

#include "engine/template/jinja/meter.hpp"

namespace brim::templates::jinja {

/// First match at or after `from`, or npos. Linear time.
std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from = 0);
/// Last match that ends at or before `end`, or npos. Linear time.
std::size_t find_last_text(std::string_view text, std::string_view wanted, std::size_t end);
/// str.count.
std::size_t count_text(std::string_view text, std::string_view wanted);
/// str.replace; a negative `limit` replaces all.
String replace_text(std::string_view text, std::string_view old, std::string_view fresh, long long limit = -1);

/// str.split() at white space; a negative `limit` splits everywhere.
Vector<std::string_view> split_space(std::string_view text, long long limit);
/// str.rsplit() at white space.
Vector<std::string_view> split_space_from_right(std::string_view text, long long limit);
/// str.split(separator); the separator must not be empty.
Vector<std::string_view> split_text(std::string_view text, std::string_view separator, long long limit);
Vector<std::string_view> split_text_from_right(std::string_view text, std::string_view separator, long long limit);
/// str.splitlines.
Vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

/// Removes characters that occur in `set` from the ends asked for.
std::string_view strip_set(std::string_view text, std::string_view set, bool left, bool right);

/// `text` with `fill` repeated `left` times before and `right` times after it.
String padded(std::string_view text, std::string_view fill, long long left, long long right);

}  // namespace brim::templates::jinja
