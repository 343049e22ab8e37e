// The commit this program was built from. cmake/Commit.cmake writes the definition at every build.
#pragma once

namespace brim::apps::bench {

/// "4339622ab0c1", with "+" when files were changed since; "unknown" when it was not built in a git checkout.
extern const char* const kCommit;

}  // namespace brim::apps::bench
