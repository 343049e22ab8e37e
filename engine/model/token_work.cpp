// See token_work.hpp. Tensors are classified by their names; vectors (norms, biases) are too small to count.
#include "engine/model/token_work.hpp"

#include <string_view>

#include "engine/model/foreign_tensors.hpp"

namespace brim::model {
namespace {

constexpr std::string_view kEmbedding = "token_embd.weight", kOutput = "output.weight";

}  // namespace

TokenWork token_work(const io::Gguf& file, const Config& config) {
  TokenWork work;
  const ForeignTensors foreign(file, config);
  const std::string_view output = file.tensor(kOutput) != nullptr ? kOutput : kEmbedding;
  for (const io::Tensor& tensor : file.tensors()) {
    const std::string_view name = tensor.name;
    if (foreign.kind(name) != Foreign::none) continue;
    const std::int64_t weights = tensor.shape[0] * tensor.rows();
    const auto bytes = static_cast<std::int64_t>(tensor.data.size());
    if (name == output) {
      work.output_weights = weights;
      work.bytes += bytes;
    } else if (name.starts_with("blk.") && tensor.rows() > 1 && !name.ends_with(".bias")) {
      const bool experts = config.experts > 0 && name.find("_exps.") != std::string_view::npos;
      const std::int64_t of = experts ? config.experts : 1, used = experts ? config.experts_used : 1;
      work.layer_weights += weights / of * used;
      work.bytes += bytes / of * used;
    }
  }
  return work;
}

}  // namespace brim::model
