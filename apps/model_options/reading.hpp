// From the shared options to the engine's own model and sequence settings, for the commands that look inside the
// engine.
#pragma once

#include <memory>

#include "apps/model_options/model_options.hpp"
#include "engine/model/model.hpp"
#include "engine/run/sequence.hpp"

namespace brim::apps {

/// The options in `given` that a sequence uses, including threads. `policies`: the tables in which names of splits and
/// rules are looked up. Throws Failure (2) for an invalid value.
run::SequenceOptions sequence_options(const GivenOptions& given, const kv::Policies& policies = kv::product_policies());

/// Loads with a progress line, using the options in `given`; Ctrl-C stops it. Throws Failure.
std::shared_ptr<const model::Model> load_engine_model(const ModelOptions& options, const GivenOptions& given);

}  // namespace brim::apps
