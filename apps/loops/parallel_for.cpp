// See parallel_for.hpp. The module is next to the command, or where it was installed relative to the command.
#include "apps/loops/parallel_for.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include "platform/program/modules.hpp"
#include "platform/program/processes.hpp"

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
    const std::filesystem::path program = platform::this_program(), folder = program.parent_path();
    if (program.empty()) return nullptr;
    // Between two loops the loop threads sleep: by default they would spin for a while and compete with the engine's
    // threads.
    platform::set_environment("OMP_WAIT_POLICY", "passive", false);
    for (const std::filesystem::path& path :
         {folder / "brim-openmp.so", folder / BRIM_MODULES_FROM_COMMAND / "brim-openmp.so"}) {
      if (void* const found = platform::symbol_of_module(path, "brim_openmp_loop"); found != nullptr) {
        return reinterpret_cast<Loop>(found);
      }
    }
  } catch (const std::exception&) {
    // If there is no memory for a path, there is none for threads.
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
