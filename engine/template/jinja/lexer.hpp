// Source to tokens, with jinja2's rules for the white space around tags (trim_blocks and lstrip_blocks on, one trailing
// newline dropped, "\r\n" and "\r" read as "\n"). Unlike there a comment or raw block must end, also at the very end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/work_meter.hpp"
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

enum class TokenKind {
  data,  ///< text outside tags
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  string,
  integer,
  real,
  symbol,  ///< text holds the operator or bracket: "+", "//", "==", "(", …
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  int line = 1;
  int column = 1;
  std::string text;  ///< data, name, symbol, string (unescaped)
  Value number;      ///< integer, real
};

/// Ends with one TokenKind::end. `source` must be valid UTF-8. Fails with line and column; cancelled by `meter`, which may be null.
std::vector<Token> tokenize(std::string_view source, WorkMeter* meter = nullptr);

/// The text a string literal stands for; `body` is what is between the quotes. Escapes as in Python. Fails without
/// line.
String unescape(std::string_view body);

/// Python's int(text, base) and float(text) (surrounding space and single underscores allowed); false when it is none.
bool parse_integer(std::string_view text, int base, Integer& value);
bool parse_real(std::string_view text, double& value);

}  // namespace brim::templates::jinja
