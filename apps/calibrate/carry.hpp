// A model that carries what was measured about it: a copy of a GGUF file with more metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/io/gguf.hpp"
#include "engine/model/score_file.hpp"

namespace brim::apps {

/// Bytes of all tensors' data: the min size of a copy.
std::uint64_t tensor_bytes(const io::Gguf& model);

/// What a copy carries besides what the model carries already.
struct Carried {
  std::optional<std::string> profile;      ///< JSON
  std::optional<model::ScoreFile> scores;  ///< learned scores
};

/// Writes `model` with all its files into one file at `path`, with the tensors copied byte for byte and with `carried`. The file appears whole or not at all. The caller ensures that `path` is not a file that is
/// being read (Outputs). Shows progress. Throws Failure, and Stopped after a signal, and leaves nothing behind in both
/// cases.
void write_carrying(const io::Gguf& model, const Carried& carried, const std::string& path);

}  // namespace brim::apps
