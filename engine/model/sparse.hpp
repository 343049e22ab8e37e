// Sparse reads (kv.read): a single token attends to the sinks, the newest entries and the blocks of entries whose keys
// may match its query best, head by head; the rest of what the layer retains is skipped. Blocks are runs of memory, so
// nothing is gathered. Sits between attend.cpp, which calls it, and kv/reading.hpp, which chooses.
#pragma once

#include <cstdint>
#include <span>

#include "engine/model/pass.hpp"
#include "kernels/attention.hpp"
#include "kernels/table.hpp"

namespace brim::model {

/// Floats that one worker needs to score a head's blocks.
std::int64_t scoring_scratch(const kernels::Table& table, std::int64_t group, int key_size);

/// Whether this segment reads the stream sparsely: a chunk of one token, a layer without a window, and kv.read requests
/// it.
bool reads_sparsely(const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept;

/// Chooses for each KV head by the best match with one of its group's queries, which must be in work.query. Valid as
/// long as the view.
void choose_what_to_read(const Pass& tile, const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept;

/// The choice for one KV head. Entries that are read are counted from 0 without gaps, and each range of
/// kernels::kAttentionRange entries begins with its own run.
class Read {
 public:
  Read(const Pass& pass, int head) noexcept : work_(pass.work), head_(head) {}
  std::int64_t total() const { return work_.read_totals[static_cast<std::size_t>(head_)]; }
  std::span<const kernels::KvRun> runs() const {
    const std::int64_t ranges = (total() + kernels::kAttentionRange - 1) / kernels::kAttentionRange;
    return {first_run(), static_cast<std::size_t>(starts()[ranges])};
  }
  const kernels::KvRun* range(std::int64_t number) const { return first_run() + starts()[number]; }
  /// The run's first entry in the view.
  std::int64_t entry(const kernels::KvRun& run) const {
    return work_.read_entries[static_cast<std::size_t>(&run - work_.read_runs.data())];
  }

 private:
  const kernels::KvRun* first_run() const { return work_.read_runs.data() + head_ * work_.max_runs(); }
  const std::int64_t* starts() const { return work_.read_ranges.data() + head_ * (work_.max_ranges() + 1); }

  const Workspace& work_;
  int head_;
};

}  // namespace brim::model
