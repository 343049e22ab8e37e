// Files and folders that this user alone may have written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "platform/descriptor.hpp"

namespace brim::platform {

/// Creates the folders of `path`, an absolute one, as far as they are not there, each readable by its owner alone. Errors: io.
Status make_own_folders(const std::string& path);

struct FolderCheck {
  int failure = 0;  ///< errno's value for why it could not be looked at; 0: it could
  std::string why;  ///< empty: this user's, and nobody else may write it; else "belongs to another user"
};
FolderCheck check_own_folder(const std::string& path);

/// A file opened for reading as it is, not through a link. None, with `why`, when it is not this user's alone, no regular file,
/// or cannot be opened; none with `why` as it was when there is no such file.
Descriptor open_own_file(const std::string& path, std::string& why);

/// Whether `folder` holds a regular file whose name ends in `ending` and that has so many bytes.
bool folder_has_file(const std::string& folder, std::string_view ending, std::uint64_t bytes);

}  // namespace brim::platform
