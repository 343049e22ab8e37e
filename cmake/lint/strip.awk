# Reads C++ and sets `code` for each line: the text without comments and without the content of string and character
# literals. The lints that follow it in the awk program match `code`, so that a sentence about a rule does not violate
# the rule. Raw string literals are followed from R"x( to )x".
function strip(line,    out, c, two, i, quote, tail) {
  out = ""
  for (i = 1; i <= length(line); ++i) {
    if (in_comment) {
      if (substr(line, i, 2) == "*/") { in_comment = 0; ++i }
      continue
    }
    if (raw_end != "") {
      if (substr(line, i, length(raw_end)) == raw_end) { i += length(raw_end) - 1; raw_end = "" }
      continue
    }
    c = substr(line, i, 1)
    two = substr(line, i, 2)
    if (two == "//") break
    if (two == "/*") { in_comment = 1; ++i; continue }
    if (two == "R\"" && match(substr(line, i), /^R"[^( ]*\(/)) {
      raw_end = ")" substr(line, i + 2, RLENGTH - 3) "\""
      i += RLENGTH - 1
      continue
    }
    # An apostrophe after a letter or digit separates digits (1'000); otherwise it opens a character.
    if (c == "\"" || (c == "'" && out !~ /[0-9a-zA-Z_]$/)) {
      quote = c
      for (++i; i <= length(line) && substr(line, i, 1) != quote; ++i) if (substr(line, i, 1) == "\\") ++i
      out = out quote quote
      continue
    }
    out = out c
  }
  return out
}
FNR == 1 { in_comment = 0; raw_end = ""; file = FILENAME; sub(/^\.\//, "", file) }
{ code = strip($0) }
