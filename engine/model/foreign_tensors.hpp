// Tensors of a model file that its text model does not use: which of them are known to belong to something else and may
// be skipped, and which would change the answers if they were ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/config.hpp"

namespace brim::model {

enum class Foreign {
  none,         ///< part of the text model, or unknown
  other_tower,  ///< of an image or audio encoder or a projector into the text model
  next_tokens,  ///< of the blocks that predict several tokens at once (nextn, MTP)
  input_scale,  ///< for activations in a format that Brim does not use
};

/// Tells tensors apart by their names. Lives only while the file does.
class ForeignTensors {
 public:
  ForeignTensors(const io::Gguf& file, const Config& config);

  Foreign kind(std::string_view name) const;

  /// The tensors that are not `used` (one flag per tensor of the file), in the file's order; all of them are foreign.
  /// Errors: unsupported, naming the first one that is not.
  Result<std::vector<const io::Tensor*>> skipped(const std::vector<bool>& used) const;

 private:
  const io::Gguf& file_;
  std::int64_t first_beyond_;              // blocks from here on are not part of the text model …
  std::int64_t declared_;                  // … this many by the metadata,
  std::vector<std::int64_t> next_tokens_;  // and these by their tensors; sorted
};

}  // namespace brim::model
