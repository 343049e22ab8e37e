// From the shared options to the engine's own model and sequence settings, for the commands that look inside the engine.
#pragma once

#include <memory>

#include "apps/model_options/model_options.hpp"
#include "engine/run/sequence.hpp"
#include "engine/model/model.hpp"

namespace brim::apps {

/// Of `given` what a sequence goes by, threads included. `policies`: what names of splits and rules are looked up in. Throws
/// Failure (2) for a value that is none.
run::SequenceOptions sequence_options(const GivenOptions& given, const kv::Policies& policies = kv::product_policies());

/// Loads with a progress line, as `given` says; Ctrl-C stops it. Throws Failure.
std::shared_ptr<const model::Model> load_engine_model(const ModelOptions& options, const GivenOptions& given);

}  // namespace brim::apps
