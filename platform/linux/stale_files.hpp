// The temporary files of writers (new_file.hpp): their names, and removing those that killed processes left.
#pragma once

#include <string>

namespace brim {

/// "FOLDER/NAME.part-PID-": how the names of temporary files for `path` begin in this process; a long NAME is cut short.
std::string temporary_prefix(const std::string& path);
/// The folder that `path` lies in: "." where it names none.
std::string folder_of(const std::string& path);

/// Removes temporary files for `path` whose process is gone: regular files of this user with such a name, one link and without a
/// lock. Anything else stays; what cannot be looked at stays.
void remove_stale_files(const std::string& path) noexcept;

}  // namespace brim
