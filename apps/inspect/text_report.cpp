// See reports.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/inspect/reports.hpp"
#include "apps/terminal/printable.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/base/quote.hpp"
#include "kernels/threads.hpp"

namespace brim::apps {
namespace {

// "7 layers", or "3 of 7 layers" where the others keep states, other layers' entries or nothing.
std::string entry_layers_text(const kv::Shape& shape, int layers) {
  int with_entries = shape.heads.empty() ? static_cast<int>(shape.layers.size()) : 0;
  for (const kv::LayerId layer : kv::ids_up_to<kv::LayerId>(static_cast<std::size_t>(layers))) {
    if (!shape.heads.empty() && kv::streams_of(shape, layer).begin() != kv::streams_of(shape, layer).end())
      ++with_entries;
  }
  return with_entries == layers ? fmt::format("{} layers", layers)
                                : fmt::format("{} of {} layers", with_entries, layers);
}

constexpr std::size_t kLongestName = 72;
constexpr std::size_t kLongestString = 90;
constexpr std::size_t kFirstElements = 5;

// A name from the file without its quotes, which a column does not need.
std::string name_text(std::string_view name) {
  std::string text = quoted(name, kLongestName);
  text.erase(text.rfind('\''), 1);
  return text.substr(1);
}

std::string scalar_text(const io::Value& value) {
  if (const auto text = value.as_string()) return quoted(*text, kLongestString);
  if (const auto flag = value.as_bool()) return *flag ? "true" : "false";
  if (value.type == io::ValueType::f32) return fmt::format("{}", static_cast<float>(*value.as_number()));
  if (value.type == io::ValueType::f64) return fmt::format("{}", *value.as_number());
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) return fmt::format("{}", *number);
  return fmt::format("{}", value.as_integer().value_or(0));
}

std::string value_text(const io::Value& value) {
  const io::Array* array = value.as_array();
  if (array == nullptr) return scalar_text(value);
  std::string text = fmt::format("{} × [", grouped_text(static_cast<std::int64_t>(array->count)));
  const std::uint64_t shown = std::min<std::uint64_t>(array->count, kFirstElements);
  for (std::uint64_t index = 0; index < shown; ++index) {
    const io::Value element = io::array_element(*array, index);
    if (index > 0) text += ", ";
    text += element.as_array() != nullptr ? "[…]" : scalar_text(element);
  }
  return text + (shown < array->count ? ", …]" : "]");
}

// Columns that are as wide as their widest cell; `right` lists those that are aligned right.
class Table {
 public:
  explicit Table(std::string_view right_aligned) : right_(right_aligned) {}

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const {
    std::vector<std::size_t> widths(right_.size(), 0);
    for (const auto& cells : rows_) {
      for (std::size_t column = 0; column < cells.size(); ++column)
        widths[column] = std::max(widths[column], width(cells[column]));
    }
    std::string out;
    for (const auto& cells : rows_) {
      std::string line = " ";
      for (std::size_t column = 0; column < cells.size(); ++column) {
        const std::string blanks(widths[column] - width(cells[column]), ' ');
        const bool right = right_[column] == 'r';
        line += fmt::format(" {}{} ", right ? blanks : cells[column], right ? cells[column] : blanks);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
    return out;
  }

 private:
  // Counts code points: close enough to columns, and exact for text that Brim writes itself.
  static std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
  }

  std::string_view right_;
  std::vector<std::vector<std::string>> rows_;
};

constexpr std::int64_t kBar = 24;  // columns of the largest quota

std::string tokens_text(std::int64_t count) { return grouped_text(count) + (count == 1 ? " token" : " tokens"); }

std::string overview(const io::Gguf& file, const Summary& summary) {
  const auto text_of = [&](const char* key) {
    const io::Value* value = file.find(key);
    const auto text = value != nullptr ? value->as_string() : std::nullopt;
    return text ? name_text(*text) : std::string("—");
  };
  Table table("ll");
  table.row({"file", fmt::format("{}, GGUF version {}, {}{}", printable_line(file.path()), file.version(),
                                 bytes_text(static_cast<std::int64_t>(file.file_bytes())),
                                 file.parts() > 1 ? fmt::format(" in {} parts", file.parts()) : "")});
  table.row({"architecture", text_of("general.architecture")});
  table.row({"name", text_of("general.name")});
  table.row({"parameters", summary.parameters == 0 ? std::string("none")
                                                   : fmt::format("{} ({})", count_text(summary.parameters),
                                                                 grouped_text(summary.parameters))});
  if (summary.parameters > 0) {
    std::int64_t bytes = 0;
    for (const TypeCount& type : summary.types) bytes += type.bytes;
    table.row({"weights", fmt::format("{}, {:.2f} bits per parameter", bytes_text(bytes),
                                      8.0 * static_cast<double>(bytes) / static_cast<double>(summary.parameters))});
  }
  if (!summary.sampling.empty()) {
    std::string defaults;
    for (const auto& [option, value] : summary.sampling) {
      defaults += fmt::format("{}{} {}", defaults.empty() ? "" : ", ", option, value);
    }
    table.row({"sampling", defaults + ", where nothing else is requested"});
  }
  if (summary.tool_template) table.row({"templates", "a chat template, and one for requests with tools"});
  if (!summary.skipped_text.empty()) table.row({"skipped", "tensors " + printable_line(summary.skipped_text)});
  return table.text();
}

std::string metadata_table(const io::Gguf& file) {
  Table table("lll");
  for (const auto& entry : file.metadata())
    table.row({name_text(entry.key), io::type_text(entry.value), value_text(entry.value)});
  return table.text();
}

std::string tensor_table(const io::Gguf& file) {
  const bool parts = file.parts() > 1;
  Table table("llrrr");
  for (const io::Tensor& tensor : file.tensors()) {
    std::vector<std::string> cells = {name_text(tensor.name), std::string(quant::info(tensor.format).name),
                                      fmt::format("{}", fmt::join(shape_of(tensor), " × ")),
                                      bytes_text(static_cast<std::int64_t>(tensor.data.size()))};
    if (parts) cells.push_back(fmt::format("part {}", tensor.part + 1));
    table.row(std::move(cells));
  }
  return table.text();
}

std::string type_table(const Summary& summary) {
  Table table("lrrr");
  for (const TypeCount& type : summary.types) {
    table.row({std::string(quant::info(type.format).name),
               fmt::format("{} {}", type.tensors, type.tensors == 1 ? "tensor" : "tensors"),
               fmt::format("{} parameters", count_text(type.parameters)), bytes_text(type.bytes)});
  }
  return table.text();
}

/// "layer 3", "layers 3–5"; with heads apart "head 3.0", "heads 3.0–5.1", by layer and head.
std::string places_text(const kv::Shape& shape, const LayerGroup& group) {
  const auto one = [&](std::size_t stored) {
    const kv::HeadPlace place = shape.place(kv::id_at<kv::StreamId>(stored));
    const std::size_t layer = kv::index_of(place.layer);
    return shape.apart ? fmt::format("{}.{}", layer, place.head) : fmt::format("{}", layer);
  };
  const std::string_view what = shape.apart ? "head" : "layer";
  if (group.first == group.last) return fmt::format("{} {}", what, one(group.first));
  const auto layer = [&](std::size_t stored) {
    return kv::index_of(shape.place(kv::id_at<kv::StreamId>(stored)).layer);
  };
  if (!shape.apart && layer(group.last) - layer(group.first) != group.last - group.first) {
    return fmt::format("{} of layers {}–{}", group.last - group.first + 1, one(group.first), one(group.last));
  }
  return fmt::format("{}s {}–{}", what, one(group.first), one(group.last));
}

std::string layer_table(const MemorySummary& memory) {
  Table table("lrlrrl");
  std::int64_t largest = 1;
  for (const LayerGroup& group : memory.groups) largest = std::max(largest, group.quota);
  for (const LayerGroup& group : memory.groups) {
    const std::int64_t layers = static_cast<std::int64_t>(group.last - group.first) + 1;
    const kv::StreamShape& shape = group.shape;
    table.row({places_text(memory.plan.kv.shape, group),
               fmt::format("{} × {} values an entry{}", shape.kv_heads,
                           shape.values_in_keys ? fmt::format("{}", shape.key_size)
                                                : fmt::format("({} + {})", shape.key_size, shape.value_size),
                           shape.window > 0 ? fmt::format(", window {}", grouped_text(shape.window)) : ""),
               fmt::format("in {}", kernels::kv_types_name(shape.types)),
               fmt::format("{} entries{}", grouped_text(group.quota), layers == 1 ? "" : " each"),
               bytes_text(group.quota * group.entry_bytes * layers),
               std::string(static_cast<std::size_t>(std::max<std::int64_t>(1, kBar * group.quota / largest)), '=')});
  }
  std::string out = table.text();
  if (memory.plan.kv.quotas_move())
    out += "  These quotas are where it begins: they move between layers while a text is read.\n";
  return out;
}

std::string memory_table(const Summary& summary) {
  const MemorySummary& memory = *summary.memory;
  const kv::Plan& kv = memory.plan.kv;
  const std::int64_t weights = memory.weight_bytes;
  const auto share =
      static_cast<int>(std::floor(100.0 * static_cast<double>(kv.budget_bytes) / static_cast<double>(kv.full_bytes)));
  const std::string threads = fmt::format("{} {}", memory.threads, memory.threads == 1 ? "thread" : "threads");
  Table table("lrl");
  table.row({"context", grouped_text(kv.shape.context),
             fmt::format("positions; trained for {}", tokens_text(memory.trained_context))});
  table.row(
      {"KV per token", bytes_text(memory.bytes_per_token),
       fmt::format("over {}, stored as {}", entry_layers_text(kv.shape, memory.layers), kv::stored_as(kv.shape))});
  table.row({"KV budget", bytes_text(kv.budget_bytes),
             fmt::format("{}% of the {} that all positions take; at least {} is needed", share,
                         bytes_text(kv.full_bytes), bytes_text(kv.min_bytes))});
  table.row({"  entries", bytes_text(kv.pool_bytes),
             fmt::format("keys and values; split {}, kept by {}", kv.split, kv.keep)});
  table.row({"  staging", bytes_text(kv.staging_bytes),
             fmt::format("one chunk of {} of one {}", tokens_text(kv.chunk), kv.shape.apart ? "head" : "layer")});
  if (kv.state_bytes > 0) {
    table.row({"  states", bytes_text(kv.state_bytes * kv.state_copies()),
               fmt::format("of {} layers, whatever was processed, and {} {} of them{}", kv.shape.states.size(),
                           kv.checkpoints, kv.checkpoints == 1 ? "checkpoint" : "checkpoints",
                           kv.shape.drafts ? ", and a copy for speculation" : "")});
  }
  if (kv.window_bytes > 0) {
    table.row({"  windows", bytes_text(kv.window_bytes * kv.checkpoints),
               fmt::format("entries of layers with a window, in {} {}", kv.checkpoints,
                           kv.checkpoints == 1 ? "checkpoint" : "checkpoints")});
  }
  table.row({"  bookkeeping", bytes_text(kv.metadata_bytes), "positions, scores, scratch for eviction"});
  table.row({"beside it",
             bytes_text(memory.plan.workspace_bytes + memory.plan.sampling_bytes + memory.plan.logit_bytes),
             fmt::format("activations, sampling and logits, {}", threads)});
  table.row({"", bytes_text(memory.plan.history_bytes), "token history"});
  table.row({"", bytes_text(memory.plan.heap_bytes), "the conversation's text at its longest"});
  table.row({"session", bytes_text(memory.plan.total()), "booked when the session is created"});
  table.row({"weights", bytes_text(weights),
             memory.repacked ? "repacked from the file for this machine's kernels" : "as the file has them"});
  if (memory.threads > 1) {
    table.row({"threads", bytes_text(static_cast<std::int64_t>(kernels::helper_stack_bytes(memory.threads))),
               fmt::format("stacks of the {} beside the caller's own", memory.threads - 1)});
  }
  table.row({"available", bytes_text(static_cast<std::int64_t>(summary.limits.available)),
             fmt::format("now, limited by {}", summary.limits.limiting)});
  std::string out = table.text() + layer_table(memory);
  const auto available = static_cast<std::uint64_t>(summary.limits.available);
  if (static_cast<std::uint64_t>(memory.plan.total()) > available) {
    out += "  The session does not fit in the available memory: it would be refused.\n";
  } else if (static_cast<std::uint64_t>(memory.plan.total() + weights) > available) {
    out +=
        "  The session fits, but not together with all weights: some would be read from the file again for every "
        "token.\n";
  }
  return out;
}

}  // namespace

std::string text_report(const io::Gguf& file, const Summary& summary) {
  // The plan is what users look for first, and the tables below it are long.
  std::string out = overview(file, summary) + "\nMemory\n";
  out += summary.memory ? memory_table(summary)
                        : fmt::format("  No plan: {}.\n", printable_line(summary.no_plan->sentence));
  out += fmt::format("\nMetadata ({})\n{}", file.metadata().size(), metadata_table(file));
  if (!file.tensors().empty()) {
    out += fmt::format("\nTypes\n{}", type_table(summary));
    out += fmt::format("\nTensors ({}), row length first\n{}", file.tensors().size(), tensor_table(file));
  }
  return out;
}

}  // namespace brim::apps
