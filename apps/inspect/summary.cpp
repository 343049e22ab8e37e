// See summary.hpp.
#include "apps/inspect/summary.hpp"

#include <algorithm>
#include <utility>

#include "engine/kv/layout.hpp"
#include "engine/model/outline.hpp"
#include "engine/model/profile_file.hpp"
#include "engine/model/remarks.hpp"
#include "engine/model/repack.hpp"
#include "engine/model/vocabulary.hpp"
#include "engine/run/choose_scores.hpp"
#include "engine/run/profile_remark.hpp"
#include "kernels/dispatch.hpp"

namespace brim::apps {
namespace {

std::vector<TypeCount> count_types(const std::vector<const io::Tensor*>& tensors) {
  std::vector<TypeCount> types;
  for (const io::Tensor* counted : tensors) {
    const io::Tensor& tensor = *counted;
    auto found =
        std::find_if(types.begin(), types.end(), [&](const TypeCount& type) { return type.format == tensor.format; });
    if (found == types.end()) found = types.insert(types.end(), TypeCount{tensor.format, 0, 0, 0});
    ++found->tensors;
    found->parameters += value_count(tensor);
    found->bytes += static_cast<std::int64_t>(tensor.data.size());
  }
  std::sort(types.begin(), types.end(), [](const TypeCount& a, const TypeCount& b) { return a.bytes > b.bytes; });
  return types;
}

bool alike(const kv::StreamShape& a, const kv::StreamShape& b) {
  return a.kv_heads == b.kv_heads && a.key_size == b.key_size && a.value_size == b.value_size && a.window == b.window &&
         a.types == b.types && a.values_in_keys == b.values_in_keys;
}

std::vector<LayerGroup> group_layers(const kv::Plan& plan) {
  std::vector<LayerGroup> groups;
  for (std::size_t layer = 0; layer < plan.shape.layers.size(); ++layer) {
    const kv::StreamShape& shape = plan.shape.layers[layer];
    if (!groups.empty() && groups.back().quota == plan.quota[layer] && alike(groups.back().shape, shape)) {
      groups.back().last = layer;
      continue;
    }
    groups.push_back({layer, layer, shape, plan.quota[layer], kv::entry_bytes(shape, plan.needs)});
  }
  return groups;
}

}  // namespace

Summary summarise(const io::Gguf& file, const run::SequenceOptions& options, bool repack) {
  Summary summary;
  const Result<model::Outline> outline = model::read_outline(file);
  std::vector<const io::Tensor*> used;
  if (outline) {
    used = outline->weights.tensors;
    for (const io::Tensor* tensor : outline->weights.skipped) summary.skipped.emplace_back(tensor->name);
    summary.skipped_text = model::skipped_text(file, outline->config, outline->weights);
  } else {
    for (const io::Tensor& tensor : file.tensors()) used.push_back(&tensor);
  }
  summary.types = count_types(used);
  for (const TypeCount& type : summary.types) summary.parameters += type.parameters;
  summary.limits = memory_limits();
  if (auto sampling = model::read_sampling_defaults(file)) summary.sampling = std::move(*sampling);
  const auto tool_template = model::read_tool_template(file);
  summary.tool_template = tool_template && !tool_template->empty();

  const auto without_plan = [&](const Error& why) {
    summary.no_plan = why;
    summary.failed = why.code != ErrorCode::unsupported;
    return summary;
  };
  if (!outline) return without_plan(outline.error());
  run::SequenceOptions wished = options;
  const Result<model::ProfileOwner> owner = model::profile_owner(file, outline->config.layers.size());
  if (!owner) return without_plan(owner.error());
  const Result<model::FoundProfile> profile = run::choose_profile(*owner, model::carried_profile(*owner), wished);
  if (!profile) return without_plan(profile.error());
  summary.notice = profile->notice;
  const model::FoundScores scores = model::carried_scores(file, outline->config, owner->fingerprint);
  const Status scored = run::choose_scores(outline->config, owner->fingerprint, scores, wished);
  if (!scored) return without_plan(scored.error());
  Result<run::MemoryPlan> plan = run::plan_memory(outline->config, kernels::active(), wished);
  if (!plan) return without_plan(plan.error());
  if (summary.notice.empty()) summary.notice = run::profile_remark(plan->kv, *profile);
  MemorySummary memory;
  memory.plan = std::move(plan).value();
  memory.bytes_per_token = kv::bytes_per_token(memory.plan.kv.shape);
  memory.trained_context = outline->config.context;
  memory.layers = static_cast<int>(outline->config.layers.size());
  memory.repacked = repack && model::repacking_pays(outline->weights, kernels::active());
  memory.weight_bytes = static_cast<std::int64_t>(model::weight_bytes(
      outline->weights, kernels::active(), repack, repack ? model::Moved::all : model::Moved::panels));
  memory.threads = options.threads;
  memory.groups = group_layers(memory.plan.kv);
  summary.memory = std::move(memory);
  return summary;
}

std::int64_t value_count(const io::Tensor& tensor) { return tensor.shape[0] * tensor.rows(); }

std::vector<std::int64_t> shape_of(const io::Tensor& tensor) {
  return {tensor.shape, tensor.shape + tensor.dimensions};
}

}  // namespace brim::apps
