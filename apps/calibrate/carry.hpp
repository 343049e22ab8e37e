// A model that carries its profile: a copy of a GGUF file with one more key.
#pragma once

#include <cstdint>
#include <string>

#include "engine/io/gguf.hpp"

namespace brim::apps {

/// Bytes of all tensors' data: the min size of a copy.
std::uint64_t tensor_bytes(const io::Gguf& model);

/// Writes `model` with all its files into one file at `path`, with the tensors copied byte for byte and `profile`
/// (JSON) as its profile. The file appears whole or not at all. The caller ensures that `path` is not a file that is
/// being read (Outputs). Shows progress. Throws Failure, and Stopped after a signal, and leaves nothing behind in both
/// cases.
void write_carrying(const io::Gguf& model, const std::string& profile, const std::string& path);

}  // namespace brim::apps
