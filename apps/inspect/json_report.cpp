// See reports.hpp.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "apps/inspect/reports.hpp"
#include "apps/terminal/printable.hpp"
#include "engine/kv/layout.hpp"
#include "kernels/kv_type.hpp"
#include "kernels/threads.hpp"

namespace brim::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kFirstElements = 16;

Json value_json(const io::Value& value);

Json array_json(const io::Array& array) {
  Json elements = Json::array();
  for (std::uint64_t index = 0; index < std::min(array.count, kFirstElements); ++index) {
    elements.push_back(value_json(io::array_element(array, index)));
  }
  return elements;
}

Json value_json(const io::Value& value) {
  if (const io::Array* array = value.as_array()) return array_json(*array);
  if (const auto text = value.as_string()) return std::string(*text);
  if (const auto flag = value.as_bool()) return *flag;
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) return *number;
  if (const auto number = value.as_integer()) return *number;
  return value.as_number().value_or(0);
}

Json metadata_json(const io::Gguf& file) {
  Json list = Json::array();
  for (const auto& entry : file.metadata()) {
    Json item = {
        {"key", std::string(entry.key)}, {"type", io::type_text(entry.value)}, {"value", value_json(entry.value)}};
    if (const io::Array* array = entry.value.as_array()) item["count"] = array->count;
    list.push_back(std::move(item));
  }
  return list;
}

Json tensors_json(const io::Gguf& file) {
  Json list = Json::array();
  for (const io::Tensor& tensor : file.tensors()) {
    list.push_back({{"name", std::string(tensor.name)},
                    {"type", std::string(quant::info(tensor.format).name)},
                    {"shape", shape_of(tensor)},
                    {"bytes", tensor.data.size()},
                    {"part", tensor.part + 1}});
  }
  return list;
}

Json types_json(const Summary& summary) {
  Json list = Json::array();
  for (const TypeCount& type : summary.types) {
    list.push_back({{"type", std::string(quant::info(type.format).name)},
                    {"tensors", type.tensors},
                    {"parameters", type.parameters},
                    {"bytes", type.bytes}});
  }
  return list;
}

Json layers_json(const kv::Plan& plan) {
  Json list = Json::array();
  for (std::size_t i = 0; i < plan.quota.size(); ++i) {
    const kv::HeadPlace place = plan.shape.place(kv::id_at<kv::StreamId>(i));
    const std::int64_t entry_bytes = kv::entry_bytes(plan.shape.layers[i], plan.needs);
    list.push_back({{"layer", kv::index_of(place.layer)},
                    {"quota", plan.quota[i]},
                    {"useful", kv::useful_entries(plan.shape.layers[i], plan.shape.context)},
                    {"type", std::string(kernels::kv_types_name(plan.shape.layers[i].types))},
                    {"entry_bytes", entry_bytes},
                    {"bytes", plan.quota[i] * entry_bytes}});
    if (plan.shape.apart) list.back()["head"] = place.head;
  }
  return list;
}

Json memory_json(const Summary& summary) {
  const MemorySummary& memory = *summary.memory;
  const kv::Plan& kv = memory.plan.kv;
  const auto available = static_cast<std::uint64_t>(summary.limits.available);
  return {{"context", kv.shape.context},
          {"trained_context", memory.trained_context},
          {"threads", memory.threads},
          {"thread_bytes", kernels::helper_stack_bytes(memory.threads)},
          {"weight_bytes", memory.weight_bytes},
          {"weights_repacked", memory.repacked},
          {"kv_type", std::string(kv::stored_as(kv.shape))},
          {"kv_split", kv.split},
          {"kv_keep", kv.keep},
          {"kv_bytes_per_token", memory.bytes_per_token},
          {"kv_budget_bytes", kv.budget_bytes},
          {"kv_full_bytes", kv.full_bytes},
          {"kv_min_bytes", kv.min_bytes},
          {"kv_entry_bytes", kv.pool_bytes},
          {"kv_staging_bytes", kv.staging_bytes},
          {"kv_state_bytes", kv.state_bytes * kv.state_copies()},
          {"kv_window_copy_bytes", kv.window_bytes * kv.checkpoints},
          {"kv_checkpoints", kv.checkpoints},
          {"kv_bookkeeping_bytes", kv.metadata_bytes},
          {"kv_quota", kv.quota},
          {"kv_quotas_move", kv.quotas_move()},
          {"kv_layers", layers_json(kv)},
          {"chunk", kv.chunk},
          {"workspace_bytes", memory.plan.workspace_bytes + memory.plan.sampling_bytes + memory.plan.logit_bytes},
          {"history_bytes", memory.plan.history_bytes},
          {"heap_bytes", memory.plan.heap_bytes},
          {"session_bytes", memory.plan.total()},
          {"available_bytes", available},
          {"limited_by", summary.limits.limiting},
          {"session_fits", static_cast<std::uint64_t>(memory.plan.total()) <= available}};
}

// The string under `key`, or null.
Json text_or_null(const io::Gguf& file, const char* key) {
  const io::Value* value = file.find(key);
  const auto text = value != nullptr ? value->as_string() : std::nullopt;
  return text ? Json(std::string(*text)) : Json();
}

Json sampling_json(const Summary& summary) {
  Json defaults = Json::object();
  for (const auto& [option, value] : summary.sampling) defaults[option] = value;
  return defaults;
}

}  // namespace

std::string json_report(const io::Gguf& file, const Summary& summary) {
  const Json report = {{"path", file.path()},
                       {"version", file.version()},
                       {"parts", file.parts()},
                       {"file_bytes", file.file_bytes()},
                       {"architecture", text_or_null(file, "general.architecture")},
                       {"name", text_or_null(file, "general.name")},
                       {"parameters", summary.parameters},
                       {"types", types_json(summary)},
                       {"skipped_tensors", summary.skipped},
                       {"sampling_defaults", sampling_json(summary)},
                       {"has_tool_template", summary.tool_template},
                       {"memory", summary.memory ? memory_json(summary) : Json()},
                       {"no_memory_plan_because", summary.no_plan ? Json(summary.no_plan->sentence) : Json()},
                       {"metadata", metadata_json(file)},
                       {"tensors", tensors_json(file)}};
  return printable_json(report.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace brim::apps
