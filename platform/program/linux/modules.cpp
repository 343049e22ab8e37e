// See platform/program/modules.hpp.
#include "platform/program/modules.hpp"

#include <dlfcn.h>

namespace brim::platform {

void* symbol_of_module(const std::string& path, const char* name) noexcept {
  void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  return module == nullptr ? nullptr : ::dlsym(module, name);
}

}  // namespace brim::platform
