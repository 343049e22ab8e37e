// From the shared options to a model and a session, and from the library's exceptions to the commands' failures.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <functional>

#include "apps/model_options/model_options.hpp"

namespace brim::apps {

/// Loads with a progress bar when it takes long; a signal stops it. Of `given` those of a model. Throws brim::Exception, Stopped.
Model load_model(const ModelOptions& options, const GivenOptions& given);

/// What of `given` is fixed when a session is created, and the template. Throws Failure, brim::Exception.
Options creation_options(const GivenOptions& given, const TemplateOptions& chat_template);
/// Adds what a living session could change too, with the seed as chosen_seed() gave it.
void add_session_options(Options& options, const GivenOptions& given, std::uint64_t seed);

/// Runs a command: a brim::Exception becomes a Failure with the same sentence, and exit code 2 when the input was wrong,
/// 1 when the work failed; one that says "cancelled" becomes Stopped.
void run_command(const std::function<void()>& command);

/// "stories3M · llama, 3.1M parameters, Q8_0, 3.3 MiB · 2 threads, avx512_vnni", then what was booked for the KV cache, on
/// standard error.
void say_what_is_loaded(const Model& model, Session& session);

}  // namespace brim::apps
