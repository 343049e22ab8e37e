// Files and folders that only this user can have written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "platform/descriptor.hpp"

namespace brim::platform {

/// Creates the missing folders of `path`, which is absolute, each readable only by its owner. Errors: io.
Status make_private_folders(const std::string& path);

struct FolderCheck {
  int failure = 0;  ///< errno's value for why it could not be examined; 0: it could
  std::string why;  ///< empty: owned and writable by this user only; else "belongs to another user"
};
FolderCheck check_private_folder(const std::string& path);

/// A file opened for reading, not through a link. None, with `why`, when other users may write it, or it is not a
/// regular file, or it cannot be opened; none with `why` unchanged when the file does not exist.
Descriptor open_private_file(const std::string& path, std::string& why);

/// Whether `folder` holds a regular file whose name ends in `ending` and that has this many bytes.
bool folder_has_file(const std::string& folder, std::string_view ending, std::uint64_t bytes);

struct ListedFile {
  std::string name;  ///< without the folder
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;  ///< since 1970
};
/// The regular files of `folder` whose names end in `ending`, in no order; none where it cannot be listed.
std::vector<ListedFile> list_files(const std::string& folder, std::string_view ending);

/// Removes a file, if it is there.
void remove_file(const std::string& path) noexcept;

}  // namespace brim::platform
