// One GGUF file by itself: header, metadata, tensor table. Private to engine/io; Gguf joins the parts of a split model.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/io/gguf.hpp"

namespace brim::io {

struct Part {
  std::uint32_t version = 0;
  std::vector<Gguf::Entry> metadata;  ///< in the file's order, keys unique
  std::vector<Tensor> tensors;        ///< in the file's order, names unique, data inside `bytes` and disjoint
};

/// Reads a whole file's description; views point into `bytes`. `name` stands for the file in sentences, `number`
/// becomes Tensor::part. Errors: bad_file, unsupported.
Result<Part> read_part(std::span<const std::byte> bytes, const std::string& name, int number);
/// The same for a file, which is read only as far as its description goes. Errors: also io.
Result<Part> read_part(FileImage& image, int number);

}  // namespace brim::io
