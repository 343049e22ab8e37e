// -m [NAME=]FILE: under which names models are served.
#pragma once

#include <string>
#include <vector>

namespace brim::apps::serve {

struct NamedFile {
  std::string name, path;
};

/// The file and its name: the one that was given, or the file's without its ending. A text that is the path of a file is
/// never taken apart. Throws Failure (2) for a name that is not 1 to 128 of A-Z, a-z, 0-9 and "-_.:/", a file that does
/// not exist, and two models of one name.
std::vector<NamedFile> named_files(const std::vector<std::string>& texts);

/// "'a', 'b'"
std::string names_of(const std::vector<NamedFile>& files);

}  // namespace brim::apps::serve
