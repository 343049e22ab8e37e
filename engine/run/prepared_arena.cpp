// See prepared_arena.hpp.
#include "engine/run/prepared_arena.hpp"

#include <atomic>

#include "engine/base/work_meter.hpp"
#include "platform/system_error_text.hpp"

namespace brim::run {

// The system clears pages on the thread that first touches them, which for a large arena takes as long as loading a
// model. Each thread prepares one piece at a time; between pieces the caller is asked whether to continue.
Result<Arena> prepared_arena(std::size_t bytes, kernels::Threads threads, Preparing& preparing) {
  constexpr std::size_t kPiece = std::size_t{16} << 20;
  BRIM_ASSIGN(Arena arena, Arena::create(bytes, "a session", Arena::Touch::by_owner));
  std::atomic<int> failure{0};
  const std::size_t round = kPiece * static_cast<std::size_t>(threads.count);
  for (std::size_t first = 0; first < arena.size(); first += round) {
    if (!preparing.report()) return cancelled_error();
    const std::size_t here = std::min(round, arena.size() - first);
    kernels::for_chunks(threads, static_cast<std::int64_t>((here + kPiece - 1) / kPiece),
                        [&](std::int64_t piece, int) noexcept {
                          const int refused = arena.touch(first + static_cast<std::size_t>(piece) * kPiece, kPiece);
                          if (refused != 0) failure.store(refused, std::memory_order_relaxed);
                        });
    if (const int why = failure.load(); why != 0) {
      return error(ErrorCode::out_of_memory, "the system could not provide them: ", system_error_text(why));
    }
    preparing.done += static_cast<long long>(here);
  }
  return arena;
}

}  // namespace brim::run
