#!/bin/bash
# lint.calls ROOT: the library never prints, ends the process, lets an exception out or depends on the host's locale. So
# calls that do this must not appear in platform/, quant/, kernels/ or engine/, nor in the policies of research/, which
# run inside the library. The places where exceptions may be thrown nevertheless are listed below, with the reason.
set -eu
cd "$1"
. cmake/lint/walk.sh
# The C++ headers are compiled into the caller’s program, where exceptions are the C++ way to report a status.
# The template interpreter unwinds its own recursion with exceptions; chat_template.cpp turns them into a Result.
may_throw='^engine/(include/brim/[a-z]+[.]hpp$|template/jinja/)'
walk platform quant kernels engine research/budgets research/scorers -type f \( -name '*.[chi]pp' -o -name '*.h' \) | sort |
  xargs awk -v may_throw="$may_throw" -f cmake/lint/strip.awk -f <(cat <<'AWK'
function violation(what) { print file ":" FNR ": " what ": " $0; bad = 1 }
code ~ /(^|[^A-Za-z0-9_])(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror)[ \t]*\(/ { violation("the library does not print") }
code ~ /std::(cout|cerr|clog)/ { violation("the library does not print") }
code ~ /(^|[^A-Za-z0-9_.>])(abort|exit|_exit|_Exit|quick_exit|terminate)[ \t]*\(/ { violation("the library does not end the process") }
code ~ /(^|[^A-Za-z0-9_])assert[ \t]*\(/ { violation("the library does not assert; a precondition is a Result or a comment") }
code ~ /(^|[^A-Za-z0-9_])throw([^A-Za-z0-9_]|$)/ && file !~ may_throw { violation("the library does not throw") }
code ~ /(stringstream|generic_category|system_category|(^|[^A-Za-z0-9_])(strerror|strerror_r|strtod|strtof|strtold|atof|stod|stof|stold|setlocale)[ \t]*\()/ {
  violation("the library does not use the host's locale; see engine/base/number_text.hpp and system_error_text.hpp")
}
END { exit bad }
AWK
)
