// See shared_data.hpp.
#include "tests/support/shared_data.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <set>

namespace brim::test {
namespace {

std::set<std::string>& missing() {
  static std::set<std::string> files;
  return files;
}

}  // namespace

std::string shared_file(const std::string& relative) {
  const char* root = std::getenv("BRIM_SHARED");
  const std::string path = (root ? std::string(root) : std::string(BRIM_SOURCE_DIR) + "/../shared") + "/" + relative;
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return path;
  missing().insert(relative);
  return {};
}

int report_skipped(int failed) {
  for (const std::string& file : missing()) std::printf("skipped: no %s\n", file.c_str());
  return failed != 0 ? failed : missing().empty() ? 0 : 77;
}

}  // namespace brim::test
