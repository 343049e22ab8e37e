// The files that a command reads and the files that it will write: never the same file, under whatever name.
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
  /// Adds a file that is read; the second argument is its name in a sentence: "the text". Does nothing for an empty
  /// path or standard input ("-").
  void reads(std::string what, const std::string& path);
  /// The same for an option's text that names a file as @FILE.
  void reads_text(std::string what, const std::string& text_or_file);
  /// Adds a model, with all files of a split one.
  void reads_model(const std::string& path);

  /// Refuses `path` when it is one of the files above: the same file by device and inode, so links are found too.
  /// Throws Failure (2).
  void check(const std::string& option, const std::string& path) const;
  /// The same, and also refuses a file that another option will write, or that cannot be written. Does nothing for an
  /// empty path. Throws Failure (2).
  void writes(const std::string& option, const std::string& path);

 private:
  std::vector<std::pair<std::string, std::string>> inputs_;   // what, path
  std::vector<std::pair<std::string, std::string>> outputs_;  // option, path
};

/// Checks before the work that `path` can be written, by creating and removing the temporary file that a write would
/// begin with. An existing file with that name is left unchanged. Throws Failure (2) with the sentence that the write
/// would fail with.
void check_writable(const std::string& path);

/// Checks before the work that the process may write a file of `bytes` (RLIMIT_FSIZE). Throws Failure (1) with the
/// sentence that the write would fail with.
void check_file_size(const std::string& path, std::uint64_t bytes);

/// unwrap() for writing: after the path was checked, a failed write is failed work (1), not wrong input.
void unwrap_writing(const Status& written);

/// Writes a file that appears whole or not at all (platform/new_file.hpp). Throws Failure (1), because the path was
/// writable when the work began.
void write_file(const std::string& path, std::string_view content, NewFile::Sequences sequences);

}  // namespace brim::apps
