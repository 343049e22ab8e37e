// The files that a command reads and those that it is to write: never the same, under whatever name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/new_file.hpp"

namespace brim::apps {

class Outputs {
 public:
  /// A file that is read, and what it is in a sentence: "the text". Nothing for an empty path or standard input ("-").
  void reads(std::string what, const std::string& path);
  /// The same for an option's text that names a file as @FILE.
  void reads_text(std::string what, const std::string& text_or_file);
  /// A model, with all parts of a split one.
  void reads_model(const std::string& path);

  /// Refuses `path` when it is one of the files above: the same file by device and inode, so through links too. Throws Failure (2).
  void check(const std::string& option, const std::string& path) const;
  /// The same, and refuses a file that another option was to write, or that cannot be written. Nothing for an empty path. Throws
  /// Failure (2).
  void writes(const std::string& option, const std::string& path);

 private:
  std::vector<std::pair<std::string, std::string>> inputs_;   // what, path
  std::vector<std::pair<std::string, std::string>> outputs_;  // option, path
};

/// Checks before the work that `path` can be written, by creating and removing the temporary file that a write would begin with. A
/// file that has the name is left as it is. Throws Failure (2) with the sentence that the write would end with.
void check_writable(const std::string& path);

/// Checks before the work that the process may write a file of `bytes` (RLIMIT_FSIZE). Throws Failure (1) with the sentence that
/// the write would end with.
void check_file_size(const std::string& path, std::uint64_t bytes);

/// unwrap() for writing: once the path was found fit, what cannot be written is failed work (1), not wrong input.
void unwrap_writing(const Status& written);

/// Writes a file that appears whole or not at all (platform/new_file.hpp). Throws Failure (1): the path was fit to be written
/// when the work began.
void write_file(const std::string& path, std::string_view content, NewFile::Permissions permissions);

}  // namespace brim::apps
