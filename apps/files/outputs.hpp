// The files that a command reads and those that it is to write: never the same, under whatever name.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/new_file.hpp"

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
  /// The same, and refuses a file that another option was to write. Throws Failure (2).
  void writes(const std::string& option, const std::string& path);

 private:
  std::vector<std::pair<std::string, std::string>> inputs_;   // what, path
  std::vector<std::pair<std::string, std::string>> outputs_;  // option, path
};

/// Writes a file that appears whole or not at all (engine/base/new_file.hpp). Throws Failure: 1 when the system refuses it, 2 when
/// `path` cannot be a file.
void write_file(const std::string& path, std::string_view content, NewFile::Readers readers);

}  // namespace brim::apps
