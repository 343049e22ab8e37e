// Truth, equality, order, membership and hashing of values, by Python's rules.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

bool truth(const Value& value);
bool equal(const Value& left, const Value& right);
/// left < right. Fails for kinds that Python does not order, naming `operation` ("<", ">=", …) and both types.
bool less(const Value& left, const Value& right, std::string_view operation = "<");
/// left <= right; not the negation of greater for lists with unordered items, nor for NaN.
bool less_or_equal(const Value& left, const Value& right, std::string_view operation = "<=");
/// Fails with "unhashable type" for lists and dicts. Equal values have equal hashes.
std::size_t hash_value(const Value& value);
std::size_t hash_text(std::string_view text);

}  // namespace brim::templates::jinja
