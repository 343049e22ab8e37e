// See output_file.hpp.
#include "apps/model_options/output_file.hpp"

#include <sys/stat.h>

#include "apps/commands.hpp"
#include "engine/base/new_file.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {

void check_writable(const std::string& path) {
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    throw Failure(2, "cannot write " + quoted(path, 400) + ": expected the name of a file, found " +
                         (S_ISDIR(there.st_mode) ? "a folder" : "a device, pipe or socket"));
  }
  const Result<NewFile> probe = NewFile::create(path, NewFile::Readers::owner);
  if (!probe) throw Failure(exit_code(probe.error().code), probe.error().sentence);
}

}  // namespace brim::apps
