// How the makers of a model advise to sample from it: general.sampling.* in its file, which are the defaults where the
// user says nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"

namespace brim::model {

/// Options by their names in the C interface, and values as one writes them: {"temperature", "1"}, in a fixed order.
/// Whether a value is in its range is for the one who uses it. Errors: bad_file naming file and key for a value that is
/// not a number.
using SamplingDefaults = std::vector<std::pair<std::string, std::string>>;
Result<SamplingDefaults> read_sampling_defaults(const io::Gguf& file);

/// Keys of this kind that are not read ("general.sampling.sequence": the order of Brim's samplers is fixed).
std::vector<std::string> unread_sampling_keys(const io::Gguf& file);

}  // namespace brim::model
