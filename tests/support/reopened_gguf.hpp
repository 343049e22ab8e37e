// A GGUF file that a test describes key by key, as the engine reads it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/io/gguf_writer.hpp"
#include "tests/support/scratch_folder.hpp"

namespace brim::test {

/// Writes what `writer` describes, with zeros in tensors of these sizes, and opens it; the file is gone already.
/// Errors: as the writer and Gguf::open.
inline Result<io::Gguf> reopened_gguf(io::GgufWriter& writer, const std::vector<std::size_t>& tensor_bytes = {}) {
  const ScratchFolder folder;
  const std::string path = folder.path + "/model.gguf";
  BRIM_TRY(writer.begin(path));
  for (const std::size_t bytes : tensor_bytes) BRIM_TRY(writer.write(std::vector<std::byte>(bytes)));
  BRIM_TRY(writer.finish());
  return io::Gguf::open(path);
}

}  // namespace brim::test
