// Metadata keys of an architecture that its configuration does not read. Many change how a model computes: a key of
// this kind is harmless only where its value says "not used".
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/model/config.hpp"
#include "engine/model/keys.hpp"

namespace brim::model {

/// Checks every key of the architecture that was not requested through `keys`. Returns the ones that are unknown and
/// without a known effect, for a warning. Errors: unsupported, naming the file, the key and its value, for one that
/// changes the arithmetic.
Result<std::vector<std::string>> check_unread_keys(const Keys& keys, const Config& config);

}  // namespace brim::model
