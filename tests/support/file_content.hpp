// The bytes of a file, for tests that compare what was written.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace brim::test {

/// Empty where there is no file that can be read.
inline std::string file_content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace brim::test
