// Which format each tensor of a model gets when a whole model is packed: `Q4_K_M` and its relatives are not formats but
// rules. The rules are llama.cpp's, so that a file contains what its name suggests. A pure function of names and
// shapes: does not access files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "quant/format.hpp"

namespace brim::quant {

enum class Mix : std::uint8_t {
#define MIX(identifier, name, other_name, format, file_type, purpose) identifier,
#include "quant/mixes.def"
#undef MIX
};

struct MixInfo {
  std::string_view name;        ///< the name that users type: "Q4_K_M"
  std::string_view other_name;  ///< a second name for it, or empty
  Format format;                ///< what most matrices get; always one that can be packed
  std::uint32_t file_type;      ///< general.file_type in a GGUF file
  std::string_view purpose;     ///< a few words for a help text
};

/// All mixes in the order of mixes.def; the index is the Mix.
std::span<const MixInfo> mixes() noexcept;
/// The mix with this name or alternative name, case-insensitive.
std::optional<Mix> mix_from_name(std::string_view name) noexcept;

/// What the rules need to know about the model as a whole.
struct ModelFacts {
  std::string_view architecture;  ///< general.architecture
  int layer_count = 0;            ///< NAME.block_count
  int expert_count = 0;           ///< NAME.expert_count, 0 when there are none
  int heads_per_kv_head = 1;      ///< attention heads that share one key/value head
  int attention_value_count = 0;  ///< how many tensors is_attention_value() counts
  bool tied_output = false;       ///< no output.weight: the token embedding is the output matrix, too
};

/// Whether a tensor of this name holds attention values (alone or fused with queries and keys).
bool is_attention_value(std::string_view name) noexcept;

/// What the rules need to know about one tensor.
struct TensorFacts {
  std::string_view name;
  int dimensions = 1;  ///< without trailing ones: a 4096 × 1 tensor has one
  std::int64_t row_length = 0;
  Format format = Format::f32;    ///< its current format
  int attention_value_index = 0;  ///< how many tensors with is_attention_value() come before it, in layer order
};

struct Choice {
  Format format;
  bool fell_back;  ///< the row length is not a multiple of the block length of the format that the rules chose
};

/// The format for one tensor. Vectors, norms, routers and other tensors that must stay exact keep their format. With
/// `pure` every other tensor gets the mix's own format. A format whose blocks do not divide the row is replaced by the
/// nearest one with blocks of 32, and if that does not fit either, by F16.
Choice choose_format(Mix mix, bool pure, const ModelFacts& model, const TensorFacts& tensor) noexcept;

}  // namespace brim::quant
