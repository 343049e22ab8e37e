// Quotas that move between streams while a text is processed, for splits that use a statistic of layers. After a chunk
// every stream's share is computed again, and quotas step towards it: without a limit the first time, while nothing was
// evicted yet, then by at most a tenth at once. Nothing moves before the next chunk might not fit what a stream has or
// will have: until then quotas do not matter. Quotas never give out more than there is, so the budget holds at every
// moment.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/kv/intake.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/streams.hpp"

namespace brim::kv {

/// Allocates when it is constructed, and never again. Borrows everything. Without a plan whose quotas move it does
/// nothing.
class QuotaMover {
 public:
  /// `memory`: where the streams' runs lie, none taken yet; `bytes`: for all of them.
  QuotaMover(const Plan& plan, Streams& streams, Intake& intake, MemoryMap memory, std::int64_t bytes);

  /// A chunk begins: nothing was observed in it yet.
  void begin_chunk() noexcept { observed_ = false; }
  /// The statistic of a stream, measured in this chunk.
  void observe(StreamId stream, double statistic) noexcept;
  /// The chunk has ended: quotas move, if it was observed. `timeline`: after it.
  void end_chunk(const Timeline& timeline) noexcept;
  /// Back to the plan's quotas. No stream may hold more entries than those.
  void restore() noexcept;

  std::int64_t moved_at() const { return moved_at_; }  ///< tokens processed when quotas last moved; 0: never
  std::int64_t bytes() const { return bytes_; }
  /// The statistic of each stream in the newest chunk that was observed; 0 before the first one, and empty where quotas
  /// do not move.
  std::span<const double> measured() const { return measured_; }

  // For saved sessions.
  std::int64_t observations() const { return observations_; }
  std::span<double> seen() { return seen_; }
  std::span<const double> seen() const { return seen_; }
  void resume(std::int64_t moved_at, std::int64_t observations) noexcept {
    moved_at_ = moved_at;
    observations_ = observations;
  }
  /// Lays out streams without entries again, one after another.
  class Layout {
   public:
    explicit Layout(const QuotaMover& mover) : mover_(mover), map_(mover.memory_) {}
    void next(Stream& stream, std::int64_t slots) noexcept;

   private:
    const QuotaMover& mover_;
    MemoryMap map_;
  };

 private:
  bool under_pressure() const noexcept;
  void choose_slots() noexcept;
  void move_to_slots(const Timeline& timeline) noexcept;

  const Plan& plan_;
  Streams& streams_;
  Intake& intake_;
  MemoryMap memory_;
  std::int64_t bytes_;
  std::vector<StreamStore*> stores_;
  std::vector<StreamRun> runs_;
  std::vector<double> measured_, seen_, shares_;  ///< the statistic in this chunk; smoothed over chunks
  std::vector<std::int64_t> wanted_, slots_;
  bool observed_ = false;          ///< measured_ is of this chunk
  std::int64_t observations_ = 0;  ///< chunks observed
  std::int64_t moved_at_ = 0;
};

}  // namespace brim::kv
