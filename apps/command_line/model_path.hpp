// Checks the path that was given as a model before anything is loaded.
#pragma once

#include <string>

namespace brim::apps {

/// Throws Failure (2) when `path` is an address on the network, a directory, or does not exist; the sentence says
/// which. The content of the file is not checked.
void check_model_path(const std::string& path);

}  // namespace brim::apps
