// What `brim inspect` reports about a file, gathered once for both reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/sampling_keys.hpp"
#include "engine/run/sequence.hpp"
#include "platform/memory_limits.hpp"
#include "quant/format.hpp"

namespace brim::apps {

struct TypeCount {
  quant::Format format = quant::Format::f32;
  std::int64_t tensors = 0;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
};

/// A run of consecutive layers of the cache that are alike: first to last, what one entry costs, and how many entries
/// each may keep.
struct LayerGroup {
  std::size_t first = 0, last = 0;
  kv::StreamShape shape;
  std::int64_t quota = 0;
  std::int64_t entry_bytes = 0;
};

struct MemorySummary {
  run::MemoryPlan plan;
  std::int64_t bytes_per_token = 0;  ///< sum over all layers, metadata included
  std::int64_t trained_context = 0;
  int layers = 0;                 ///< of the model
  std::int64_t weight_bytes = 0;  ///< of the matrices used in products, as they are stored in memory
  bool repacked = false;          ///< repacked into panels; else as in the file
  int threads = 1;
  std::vector<LayerGroup> groups;
};

struct Summary {
  std::int64_t parameters = 0;       ///< of the tensors that are used; unknown architecture: of all
  std::vector<TypeCount> types;      ///< of the same tensors, by bytes, largest first
  std::vector<std::string> skipped;  ///< names of tensors that belong to other parts of the model
  std::string skipped_text;          ///< how many of which kind
  model::SamplingDefaults sampling;  ///< what the file advises
  bool tool_template = false;        ///< whether it has a chat template for requests with tools
  MemoryLimits limits;
  std::optional<MemorySummary> memory;
  std::string notice;            ///< why the profile is not used, or was measured in another way; else empty
  std::optional<Error> no_plan;  ///< why `memory` is empty
  bool failed = false;           ///< `no_plan` is a fault of the file, the request or the machine, and not
                                 ///< just something that Brim does not run
};

/// `repack`: whether the weights would be loaded into panels.
Summary summarise(const io::Gguf& file, const run::SequenceOptions& options, bool repack);

/// Product of a tensor's dimensions.
std::int64_t value_count(const io::Tensor& tensor);
/// "[64, 12, 3]", the row length first.
std::vector<std::int64_t> shape_of(const io::Tensor& tensor);

}  // namespace brim::apps
