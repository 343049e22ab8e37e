// Libraries that are loaded while the program runs.
#pragma once

#include <string>

namespace brim::platform {

/// The symbol `name` of the module at `path`, which is loaded for this call and stays loaded; null when the module
/// cannot be loaded or does not have the symbol.
void* symbol_of_module(const std::string& path, const char* name) noexcept;

}  // namespace brim::platform
