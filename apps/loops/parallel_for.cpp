// See parallel_for.hpp. The module lies beside the command, or where it was installed relative to the command.
#include "apps/loops/parallel_for.hpp"

#include <dlfcn.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

namespace brim::apps {
namespace {

using Loop = void (*)(int threads, std::int64_t count, LoopBody body, void* context);

}  // namespace

#ifdef BRIM_OPENMP_LINKED

extern "C" void brim_openmp_loop(int threads, std::int64_t count, LoopBody body, void* context);

namespace {
Loop find_loop() noexcept { return brim_openmp_loop; }
}  // namespace

#else

namespace {

Loop find_loop() noexcept {
  try {
    std::error_code failure;
    const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", failure).parent_path();
    if (failure) return nullptr;
    // Between two loops their threads sleep: by default they would spin for a while beside the engine's.
    ::setenv("OMP_WAIT_POLICY", "passive", 0);
    for (const std::filesystem::path& path :
         {folder / "brim-openmp.so", folder / BRIM_MODULES_FROM_COMMAND / "brim-openmp.so"}) {
      if (void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); module != nullptr) {
        return reinterpret_cast<Loop>(::dlsym(module, "brim_openmp_loop"));
      }
    }
  } catch (const std::exception&) {
    // Without memory for a path there is none for threads.
  }
  return nullptr;
}

}  // namespace

#endif

namespace {

Loop loop() noexcept {
  static const Loop found = find_loop();
  return found;
}

}  // namespace

bool loops_are_parallel() noexcept { return loop() != nullptr; }

void run_loop(int threads, std::int64_t count, LoopBody body, void* context) {
  if (threads > 1 && count > 1 && loop() != nullptr) {
    loop()(static_cast<int>(std::min<std::int64_t>(threads, count)), count, body, context);
    return;
  }
  for (std::int64_t index = 0; index < count; ++index) body(context, index, 0);
}

}  // namespace brim::apps
