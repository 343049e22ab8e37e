// The temporary files of writers (new_file.hpp): their names, and the removal of files that killed processes left.
#pragma once

#include <string>

namespace brim {

/// "FOLDER/NAME.part-PID-": the start of the names of temporary files for `path` in this process; a long NAME is
/// shortened.
std::string temporary_prefix(const std::string& path);
/// The folder that `path` lies in: "." where it does not name one.
std::string folder_of(const std::string& path);

/// The mode bit (S_ISVTX) that a file has while its name is temporary. It does nothing to a file, and no user's file has
/// it, whatever its name: only files with this bit are removed. File systems that refuse it keep what killed processes
/// leave.
constexpr unsigned kTemporaryMark = 01000;

/// Removes temporary files for `path` whose process has ended: regular files of this user with a temporary name, the
/// mark, one link and no lock. Other files remain, and so do files that cannot be examined.
void remove_stale_files(const std::string& path) noexcept;

}  // namespace brim
