// See plan.hpp.
#include "apps/quantize/plan.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace brim::apps {
namespace {

/// An integer from the metadata; the first one of a list (one number per layer). 0 when there is none.
int integer(const io::Gguf& model, const std::string& key) {
  const io::Value* value = model.find(key);
  if (value == nullptr) return 0;
  std::optional<std::int64_t> number = value->as_integer();
  const io::Array* list = value->as_array();
  const bool numbers =
      list != nullptr && list->element != io::ValueType::string && list->element != io::ValueType::array;
  if (numbers && list->count > 0) number = io::array_element(*list, 0).as_integer();
  return number && *number > 0 && *number <= std::numeric_limits<int>::max() ? static_cast<int>(*number) : 0;
}

int layer_of(std::string_view name) {
  int layer = 0;
  if (name.starts_with("blk.")) std::from_chars(name.data() + 4, name.data() + name.size(), layer);
  return layer;
}

int dimensions_that_count(const io::Tensor& tensor) {
  for (int i = 3; i > 0; --i) {
    if (tensor.shape[i] > 1) return i + 1;
  }
  return 1;
}

}  // namespace

QuantizePlan plan_quantize(const io::Gguf& model, quant::Mix mix, bool pure) {
  const io::Value* architecture = model.find("general.architecture");
  const std::string name(architecture ? architecture->as_string().value_or("") : "");
  quant::ModelFacts facts;
  facts.architecture = name;
  facts.layer_count = integer(model, name + ".block_count");
  facts.expert_count = integer(model, name + ".expert_count");
  const int heads = integer(model, name + ".attention.head_count");
  const int kv_heads = integer(model, name + ".attention.head_count_kv");
  facts.heads_per_kv_head = kv_heads > 0 ? std::max(1, heads / kv_heads) : 1;
  facts.tied_output = model.tensor("output.weight") == nullptr;

  // The rules count value matrices in layer order, whatever their order in the file.
  std::vector<std::size_t> value_tensors;
  for (std::size_t i = 0; i < model.tensors().size(); ++i) {
    if (quant::is_attention_value(model.tensors()[i].name)) value_tensors.push_back(i);
  }
  std::stable_sort(value_tensors.begin(), value_tensors.end(), [&](std::size_t a, std::size_t b) {
    return layer_of(model.tensors()[a].name) < layer_of(model.tensors()[b].name);
  });
  std::vector<int> value_index(model.tensors().size(), 0);
  for (std::size_t k = 0; k < value_tensors.size(); ++k) value_index[value_tensors[k]] = static_cast<int>(k);
  facts.attention_value_count = static_cast<int>(value_tensors.size());

  QuantizePlan plan;
  for (std::size_t i = 0; i < model.tensors().size(); ++i) {
    const io::Tensor& tensor = model.tensors()[i];
    quant::TensorFacts question{tensor.name, dimensions_that_count(tensor), tensor.shape[0], tensor.format,
                                value_index[i]};
    const quant::Choice choice = quant::choose_format(mix, pure, facts, question);
    plan.choices.push_back(choice);
    if (choice.fell_back) ++plan.fallbacks;
    if (quant::info(tensor.format).block_length > 1 && tensor.format != choice.format) ++plan.requantized;
    plan.values += static_cast<std::uint64_t>(tensor.rows()) * static_cast<std::uint64_t>(tensor.shape[0]);
    plan.bytes_before += tensor.data.size();
    plan.bytes_after += static_cast<std::uint64_t>(tensor.rows()) * quant::row_bytes(choice.format, tensor.shape[0]);
  }
  return plan;
}

}  // namespace brim::apps
