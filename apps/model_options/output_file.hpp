// Files that a command is going to write: what would stop it is said before the work begins.
#pragma once

#include <string>

namespace brim::apps {

/// Checks that `path` can be written, by creating and removing the temporary file that a write would begin with. A file that
/// has the name is left as it is. Throws Failure with the reason.
void check_writable(const std::string& path);

}  // namespace brim::apps
