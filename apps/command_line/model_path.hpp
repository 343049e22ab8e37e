// What people give for a model, looked at before anything is loaded.
#pragma once

#include <string>

namespace brim::apps {

/// Throws Failure (2) when `path` is an address on the network, a directory, or not there: the sentence says which. What a
/// file holds is not looked at.
void check_model_path(const std::string& path);

}  // namespace brim::apps
