# After strip.awk: names every C++ function of more than `limit` lines, and sets `bad`. Counted are the lines from the one
# with its opening brace to the one with its closing brace. Not counted are lines of a braced list (a table, a list of
# cases) and of a raw string literal: they are data. A function inside a list is counted by itself. Of an #if only
# the first branch is followed.
#
# Braces are on a stack: s a scope (namespace, class, …), f a function, b a block in one, l a list.
FNR == 1 { depth = 0; statement = ""; branches = 0; skipped = 0; directive = 0 }
function inside(kind,    i) {
  for (i = depth; i > 0; --i) if (kinds[i] == kind) return i
  return 0
}
# What a brace opens that follows the text `before` of its statement.
function kind_of(before,    top) {
  top = depth > 0 ? kinds[depth] : "s"
  gsub(/(alignas|__attribute__)[ ]*\([^()]*(\([^()]*\)[^()]*)*\)/, "", before)
  sub(/[ \t]+$/, "", before)
  if (before ~ /(^|[^A-Za-z0-9_])(namespace|class|struct|union|enum)([^A-Za-z0-9_()][^()]*)?$/) return top == "s" ? "s" : "b"
  if (before ~ /^[ \t]*extern ""$/) return "s"
  if (top == "s") return before ~ /[)]/ && before !~ /[=(,]$/ && before !~ /=[ ]*[A-Za-z0-9_:<>]+$/ ? "f" : "l"
  if (before ~ /(->[^;{}()]*|[])]|(^|[^A-Za-z0-9_])(else|do|try|noexcept|mutable|const|requires))$/) return top == "l" ? "f" : "b"
  if (top != "l" && before ~ /(^|:)$/) return "b"
  return "l"
}
directive || code ~ /^[ \t]*#/ {
  if (!directive) {
    if (code ~ /^[ \t]*#[ \t]*if/) branch[++branches] = skipped
    else if (code ~ /^[ \t]*#[ \t]*el/) skipped = 1
    else if (code ~ /^[ \t]*#[ \t]*endif/) skipped = branch[branches--]
  }
  directive = $0 ~ /\\$/
  code = ""
}
{
  if (skipped) code = ""
  # A line of data: in a list, or without code because a raw string literal continues.
  innermost = depth > 0 ? kinds[depth] : "s"
  data = innermost == "l" || (raw_end != "" && code == "")
  if (!data) {
    owner = inside("f")
    if (owner) ++lines[owner]
  }
  rest = code
  while (match(rest, /[{};]/)) {
    mark = substr(rest, RSTART, 1)
    statement = statement substr(rest, 1, RSTART - 1)
    rest = substr(rest, RSTART + 1)
    if (mark == "{") {
      kind = kind_of(statement)
      kinds[++depth] = kind
      if (kind == "f") { lines[depth] = 1; begins[depth] = FNR }
      saved[depth] = statement
      statement = ""
    } else if (mark == "}" && depth > 0) {
      if (kinds[depth] == "f" && lines[depth] > limit) {
        print file ":" begins[depth] ": a function of " lines[depth] " lines, more than " limit
        bad = 1
      }
      statement = ""
      # The braces of a member initializer or of an argument: the statement goes on.
      if (kinds[depth] == "l" || rest ~ /^[ \t]*[,{]/) statement = saved[depth] "x"
      --depth
    } else if (mark == ";") {
      statement = ""
    }
  }
  statement = statement rest " "
}
END { exit bad }
