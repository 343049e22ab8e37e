// See loop_threads.hpp.
#include "apps/loops/loop_threads.hpp"

#include <fmt/format.h>

#include "apps/loops/parallel_for.hpp"
#include "apps/terminal/error_output.hpp"

namespace brim::apps {

int loop_threads(int wanted) {
  if (wanted <= 1 || loops_are_parallel()) return wanted;
  say_notice(fmt::format("brim-openmp.so cannot be loaded, so loops run on one thread instead of {}", wanted));
  return 1;
}

}  // namespace brim::apps
