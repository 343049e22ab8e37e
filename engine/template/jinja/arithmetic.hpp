// The arithmetic operators, by Python's rules: numbers, joining and repeating of sequences, % on text.
#pragma once

#include "engine/template/jinja/ast.hpp"
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

/// Fails with Python's TypeError and ZeroDivisionError sentences, and when a result is too large.
Value arithmetic(Arithmetic operation, const Value& left, const Value& right);
Value negative(const Value& value);
Value positive(const Value& value);

/// HTML-escaped text of a value, as markupsafe.escape: markup is left alone.
String escaped(const Value& value);

}  // namespace brim::templates::jinja
