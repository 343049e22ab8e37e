// Writing a transformed model.
#pragma once

#include <span>
#include <string>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "research/transforms/transform.hpp"

namespace brim::research {

/// Writes `model` in F32 to `path`, transformed in the given order, in one file. What the model carries under brim.* (a
/// profile, learned scores) is of other weights and left out. Memory: that of the largest tensor, three times. Errors:
/// those of check_transform, of reading the model's configuration and tensors, and of writing.
Status write_transformed(const io::Gguf& model, std::span<const Transform> transforms, const std::string& path);

}  // namespace brim::research
