// Libraries that are loaded while the program runs.
#pragma once

#include <string>

namespace brim::platform {

/// What `name` is in the module at `path`, which is loaded for it and stays loaded; null when it cannot be loaded or has nothing of
/// that name.
void* symbol_of_module(const std::string& path, const char* name) noexcept;

}  // namespace brim::platform
