// See foreign_tensors.hpp.
#include "engine/model/foreign_tensors.hpp"

#include <algorithm>
#include <optional>

#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"

namespace brim::model {
namespace {

constexpr std::string_view kTowers[] = {"v.", "mm.", "a.", "s."};
constexpr std::string_view kNextTokens = "nextn.";

/// "blk.7.attn_q.weight": block 7, and the name within it.
struct BlockName {
  std::int64_t block = 0;
  std::string_view rest;
};

std::optional<BlockName> block_name(std::string_view name) {
  constexpr std::string_view kBlock = "blk.";
  if (!name.starts_with(kBlock)) return std::nullopt;
  name.remove_prefix(kBlock.size());
  const std::size_t point = name.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  const auto block = parse_integer<std::int64_t>(name.substr(0, point));
  if (!block || *block < 0) return std::nullopt;
  return BlockName{*block, name.substr(point + 1)};
}

}  // namespace

ForeignTensors::ForeignTensors(const io::Gguf& file, const Config& config)
    : file_(file), first_beyond_(static_cast<std::int64_t>(config.layers.size())), declared_(config.next_token_layers) {
  for (const io::Tensor& tensor : file.tensors()) {
    const auto name = block_name(tensor.name);
    if (name && name->rest.starts_with(kNextTokens)) next_tokens_.push_back(name->block);
  }
  std::sort(next_tokens_.begin(), next_tokens_.end());
}

Foreign ForeignTensors::kind(std::string_view name) const {
  for (const std::string_view tower : kTowers) {
    if (name.starts_with(tower)) return Foreign::other_tower;
  }
  if (const auto in_block = block_name(name)) {
    if (in_block->rest.starts_with(kNextTokens)) return Foreign::next_tokens;
    const bool beyond = in_block->block >= first_beyond_;
    if (beyond && (in_block->block < first_beyond_ + declared_ ||
                   std::binary_search(next_tokens_.begin(), next_tokens_.end(), in_block->block))) {
      return Foreign::next_tokens;
    }
  }
  return name.ends_with(".input_scale") ? Foreign::input_scale : Foreign::none;
}

Result<std::vector<const io::Tensor*>> ForeignTensors::skipped(const std::vector<bool>& used) const {
  std::vector<const io::Tensor*> skipped;
  const io::Tensor* unknown = nullptr;
  std::size_t unknown_count = 0;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const io::Tensor& tensor = file_.tensors()[i];
    if (used[i]) continue;
    if (kind(tensor.name) != Foreign::none) {
      skipped.push_back(&tensor);
    } else {
      if (unknown == nullptr) unknown = &tensor;
      ++unknown_count;
    }
  }
  if (unknown == nullptr) return skipped;
  const std::string_view what = unknown->name.ends_with(".scale") ? ", a scale of another tensor," : "";
  return error(ErrorCode::unsupported, file_.path(), ": tensor ", quoted(unknown->name), what,
               unknown_count > 1 ? sentence(" and ", unknown_count - 1, " more are") : std::string(" is"),
               " not supported for this architecture, and without ", unknown_count > 1 ? "them" : "it",
               " the answers would be wrong");
}

}  // namespace brim::model
