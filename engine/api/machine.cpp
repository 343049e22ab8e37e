// See machine.hpp.
#include "engine/api/machine.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "engine/base/arena.hpp"
#include "engine/base/memory_limits.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

namespace brim::api {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

/// The size of the first processor's largest cache as the system tells ("32768K"); 0 when it does not.
std::size_t largest_cache() {
  std::size_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");
    std::size_t size = 0;
    char unit = 0;
    if (!(file >> size >> unit)) break;
    largest = std::max(largest, size * (unit == 'M' ? kMegabyte : 1024));
  }
  return largest;
}

}  // namespace

Result<MachineCeilings> measure_machine(int threads) {
  if (threads < 1 || threads > 512) {
    return error(ErrorCode::invalid_argument, "threads: expected 1 to 512, found ", threads);
  }
  // Reading four times what fits leaves the cache little to help with; a quarter of the free memory is enough of that.
  const std::size_t wanted = std::clamp(4 * largest_cache(), 256 * kMegabyte, 1024 * kMegabyte);
  const std::size_t bytes = std::max(64 * kMegabyte, std::min(wanted, memory_limits().available / 4));
  kernels::ThreadPool pool(threads);
  MachineCeilings found;
  found.threads = pool.threads();
  {
    BRIM_ASSIGN(Arena arena, Arena::create(bytes));
    found.read = kernels::measure_read(pool, arena.take(bytes));
  }
  found.int8_operations_per_second = kernels::measure_int8({kernels::active(), pool});
  return found;
}

}  // namespace brim::api
