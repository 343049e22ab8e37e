// See ollama_models.hpp.
#include "apps/serve/families/ollama_models.hpp"

#include <fmt/format.h>

#include <span>

#include "apps/serve/families/ollama.hpp"
#include "engine/base/sha256.hpp"

namespace brim::apps::serve {
namespace {

/// "1.2B", "135.0M", "5.3K", as ollama writes it.
std::string parameters_text(std::int64_t parameters) {
  const auto count = static_cast<double>(parameters);
  if (count >= 1e9) return fmt::format("{:.1f}B", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.1f}M", count / 1e6);
  return fmt::format("{:.1f}K", count / 1e3);
}

std::string digest_of(const OllamaModel& model) {
  const std::string text = fmt::format("{}\n{}\n{}\n{}\n{}", model.id, model.architecture, model.quantisation,
                                       model.parameters, model.weight_bytes);
  return hex(sha256(std::as_bytes(std::span(text.data(), text.size()))));
}

OrderedJson details_of(const OllamaModel& model) {
  return {{"parent_model", ""},
          {"format", "gguf"},
          {"family", model.architecture},
          {"families", OrderedJson::array({model.architecture})},
          {"parameter_size", parameters_text(model.parameters)},
          {"quantization_level", model.quantisation}};
}

OrderedJson head_of(const OllamaModel& model) {
  const std::string name = model.id.find(':') == std::string::npos ? model.id + ":latest" : model.id;
  return {{"name", name},
          {"model", name},
          {"size", model.weight_bytes},
          {"digest", digest_of(model)},
          {"details", details_of(model)}};
}

}  // namespace

OrderedJson ollama_entry(const OllamaModel& model) {
  OrderedJson entry = head_of(model);
  entry["modified_at"] = ollama_time(model.created);
  return entry;
}

OrderedJson ollama_running(const OllamaModel& model) {
  OrderedJson entry = head_of(model);
  entry["expires_at"] = "9999-12-31T23:59:59Z";
  entry["size_vram"] = 0;
  entry["context_length"] = model.context;
  return entry;
}

OrderedJson ollama_show(const OllamaModel& model) {
  OrderedJson info = {{"general.architecture", model.architecture}, {"general.parameter_count", model.parameters}};
  info[model.architecture + ".context_length"] = model.context;
  return {{"modelfile", ""},
          {"parameters", ""},
          {"template", ""},
          {"details", details_of(model)},
          {"model_info", std::move(info)},
          {"capabilities", OrderedJson::array({"completion"})},
          {"modified_at", ollama_time(model.created)}};
}

}  // namespace brim::apps::serve
