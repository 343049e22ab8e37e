// How many threads the loops of a command run on.
#pragma once

namespace brim::apps {

/// Returns `wanted`, or 1 with a notice if there is no module with loops. Loads the module if `wanted` is more than 1.
int loop_threads(int wanted);

}  // namespace brim::apps
