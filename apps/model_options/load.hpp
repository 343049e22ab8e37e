// From the shared options to a model and a session, and from the library's exceptions to the commands' failures.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <functional>

#include "apps/model_options/model_options.hpp"

namespace brim::apps {

/// Loads with a progress bar when it takes long; a signal stops it. Uses the options of a model in `given`. Throws
/// brim::Exception, Stopped.
Model load_model(const ModelOptions& options, const GivenOptions& given);

/// The options in `given` that are fixed when a session is created, and the template. Throws Failure, brim::Exception.
Options creation_options(const GivenOptions& given, const TemplateOptions& chat_template);
/// Adds the options that an existing session could change too, with the seed from chosen_seed().
void add_session_options(Options& options, const GivenOptions& given, std::uint64_t seed);

/// Runs a command: a brim::Exception becomes a Failure with the same sentence, with exit code 2 when the input was
/// wrong and 1 when the work failed; an exception with status "cancelled" becomes Stopped.
void run_command(const std::function<void()>& command);

/// Writes "stories3M · llama, 3.1M parameters, Q8_0, 3.3 MiB · 2 threads, avx512_vnni" to standard error, then the
/// memory that was reserved for the KV cache.
void say_what_is_loaded(const Model& model, Session& session);

}  // namespace brim::apps
