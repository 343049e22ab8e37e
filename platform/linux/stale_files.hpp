// The temporary files of writers (new_file.hpp): their names, and the removal of files that killed processes left.
#pragma once

#include <string>

namespace brim {

/// "FOLDER/NAME.part-PID-": the start of the names of temporary files for `path` in this process; a long NAME is
/// shortened.
std::string temporary_prefix(const std::string& path);
/// The folder that `path` lies in: "." where it does not name one.
std::string folder_of(const std::string& path);

/// Removes temporary files for `path` whose process has ended: regular files of this user with a temporary name, one
/// link and no lock. Other files remain, and so do files that cannot be examined.
void remove_stale_files(const std::string& path) noexcept;

}  // namespace brim
