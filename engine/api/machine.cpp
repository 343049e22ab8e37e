// See machine.hpp.
#include "engine/api/machine.hpp"

#include <algorithm>

#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"
#include "platform/arena.hpp"
#include "platform/cpus.hpp"
#include "platform/memory_limits.hpp"

namespace brim::api {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

}  // namespace

Result<MachinePeaks> measure_machine(int threads) {
  if (threads < 1 || threads > 512) {
    return error(ErrorCode::invalid_argument, "threads: expected 1 to 512, found ", threads);
  }
  // Reading four times the cache size leaves little influence to the cache; a quarter of the free memory is the upper
  // limit.
  const std::size_t wanted = std::clamp(4 * platform::largest_cache_bytes(), 256 * kMegabyte, 1024 * kMegabyte);
  const std::size_t bytes = std::max(64 * kMegabyte, std::min(wanted, memory_limits().available / 4));
  kernels::ThreadPool pool(threads);
  MachinePeaks found;
  found.threads = pool.threads();
  {
    BRIM_ASSIGN(Arena arena, Arena::create(bytes));
    found.read = kernels::measure_read(pool, arena.take(bytes));
  }
  found.int8_operations_per_second = kernels::measure_int8({kernels::active(), pool});
  return found;
}

}  // namespace brim::api
