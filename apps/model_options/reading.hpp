// From the shared options to the engine's own model and reader settings, for the commands that look inside the engine.
#pragma once

#include <memory>

#include "apps/model_options/model_options.hpp"
#include "engine/generate/reader.hpp"
#include "engine/model/model.hpp"

namespace brim::apps {

/// Throws Failure (2) for a value that is none. `threads` as given; nothing: as many as the machine has. `policies`:
/// what names of splits and rules are looked up in.
generate::ReaderOptions reader_options(const MemoryOptions& memory, std::optional<int> threads,
                                       const kv::Policies& policies = kv::product_policies());

/// Loads with a progress line; Ctrl-C stops it. Throws Failure.
std::shared_ptr<const model::Model> load_engine_model(const ModelOptions& options);

}  // namespace brim::apps
