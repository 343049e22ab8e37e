// A model that carries its profile: a copy of a GGUF file with one key more.
#pragma once

#include <cstdint>
#include <string>

#include "engine/io/gguf.hpp"

namespace brim::apps {

/// Bytes of all tensors' data: what a copy has at least.
std::uint64_t tensor_bytes(const io::Gguf& model);

/// Writes `model` with all its parts into one file at `path`, byte for byte the same tensors, with `profile` (JSON) as
/// its profile. The file appears whole or not at all; the caller has made sure that `path` is
/// not a file that is being read (Outputs). Shows progress. Throws Failure, and Stopped after a signal, with nothing left behind.
void write_carrying(const io::Gguf& model, const std::string& profile, const std::string& path);

}  // namespace brim::apps
