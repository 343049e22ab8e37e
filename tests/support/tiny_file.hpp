// A tiny model in a folder of its own, which is removed with the object. A loaded model outlives its file.
#pragma once

#include <string>

#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace brim::test {

struct TinyFile {
  ScratchFolder folder;
  std::string path = folder.path + "/model.gguf";
  explicit TinyFile(const TinyModel& shape = {}) { write_tiny_model(path, shape); }
};

}  // namespace brim::test
