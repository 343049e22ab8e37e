# cmake -D ROOT=… -D OUTPUT=… -P Commit.cmake: writes the definition of apps/bench/commit.hpp. Runs at every build (a
# commit can change without any source changing); the file is only written when the commit changed.
set(commit "unknown")
find_program(git git)
if(git)
  execute_process(COMMAND ${git} -C "${ROOT}" describe --always --abbrev=12 --exclude=* --dirty=+
    OUTPUT_VARIABLE found RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed AND found MATCHES "^[0-9a-f]+[+]?$")
    set(commit "${found}")
  endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT [[
#include "apps/bench/commit.hpp"

namespace brim::apps::bench {

const char* const kCommit = "@commit@";

}  // namespace brim::apps::bench
]] @ONLY)
