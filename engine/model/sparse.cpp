// See sparse.hpp.
#include "engine/model/sparse.hpp"

#include <algorithm>
#include <cmath>

#include "engine/kv/reading.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

/// Writes the runs of one head as ranges of entries come in, oldest first.
class Runs {
 public:
  Runs(Workspace& work, const kv::View& view, int head)
      : view_(view),
        head_(head),
        runs_(work.read_runs.data() + head * work.max_runs()),
        entries_(work.read_entries.data() + head * work.max_runs()),
        ranges_(work.read_ranges.data() + head * (work.max_ranges() + 1)),
        total_(work.read_totals[static_cast<std::size_t>(head)]) {
    total_ = 0;
  }

  void add(std::int64_t first, std::int64_t end) noexcept {
    while (first < end) {
      const std::int64_t place = total_ % kernels::kAttentionRange;
      if (place == 0) *ranges_++ = count_;
      const kv::EntryRange range = view_.range(head_, first, std::min(end, first + kernels::kAttentionRange - place));
      runs_[count_] = {range.keys, range.values, range.key_stride, range.value_stride, range.count};
      entries_[count_++] = first;
      first += range.count;
      total_ += range.count;
    }
    *ranges_ = count_;
  }

 private:
  const kv::View& view_;
  int head_;
  kernels::KvRun* runs_;
  std::int64_t* entries_;
  std::int64_t* ranges_;  ///< start of the next range
  std::int64_t& total_;
  std::int64_t count_ = 0;
};

constexpr auto kBoxFormat = static_cast<std::size_t>(quant::Format::f16);
/// Bytes from one prepared query to the next.
std::size_t query_stride(const kernels::Table& table, int key_size) {
  const kernels::Activation kind = table.activation[kBoxFormat];
  return (kernels::activation_bytes(kind, 2 * std::int64_t{key_size}) + 63) / 64 * 64;
}
/// Floats of a query in the form in which boxes are multiplied by it.
std::int64_t query_floats(int key_size) { return (2 * std::int64_t{key_size} + 15) / 16 * 16; }

/// How far a block is assumed to reach from the middle of its box towards its corner. At 1 a score is an upper bound of
/// every product in the block (Quest, arXiv 2406.10774), but a loose one; at 0 a single key that stands out among sixty
/// is not seen.
constexpr float kReach = 0.5f;

/// scores[b] = max over the group's queries of q · middle + kReach · |q| · half width, of block b's box. `scratch`: a worker's.
/// `each`: [group][blocks] of room.
void score_blocks(const Pass& pass, const Segment& segment, kv::StreamId stream, int head, std::int64_t blocks,
                  float* scratch, std::span<float> each, std::span<float> scores) noexcept {
  const LayerConfig& shape = pass.config.layer(segment.plan().shape.place(stream).layer);
  const int size = segment.plan().shape.at(stream).key_size, group = shape.heads / shape.kv_heads;
  const kernels::Table& table = pass.runtime.table;
  const auto kind = static_cast<std::size_t>(table.activation[kBoxFormat]);
  const std::size_t stride = query_stride(table, size);
  auto* prepared = reinterpret_cast<std::byte*>(scratch + query_floats(size));
  const float* queries = pass.work.query.data() + CommonRows(pass, segment).in_tile * shape.heads * size;
  for (int g = 0; g < group; ++g) {
    const float* query = queries + (std::int64_t{head} * group + g) * size;
    for (int d = 0; d < size; ++d) {
      scratch[d] = query[d];
      scratch[size + d] = kReach * std::abs(query[d]);
    }
    table.prepare[kind](scratch, 2 * size, prepared + static_cast<std::size_t>(g) * stride);
  }
  kernels::Product product{};
  product.weights = segment.memory->block_boxes(stream, head);
  product.row_bytes = kernels::kv_vector_bytes(kernels::KvType::f16, 2 * size);
  product.rows = blocks;
  product.cols = 2 * size;
  product.activations = prepared;
  product.activation_stride = stride;
  product.tokens = group;
  product.out = each.data();
  product.out_stride = blocks;
  table.product[kBoxFormat](product);
  std::copy_n(each.begin(), blocks, scores.begin());
  for (std::int64_t row = 1; row < group; ++row) {
    for (std::int64_t b = 0; b < blocks; ++b) {
      float& score = scores[static_cast<std::size_t>(b)];
      score = std::max(score, each[static_cast<std::size_t>(row * blocks + b)]);
    }
  }
}

}  // namespace

std::int64_t scoring_scratch(const kernels::Table& table, std::int64_t group, int key_size) {
  return query_floats(key_size) + group * static_cast<std::int64_t>(query_stride(table, key_size) / sizeof(float));
}

bool reads_sparsely(const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept {
  return segment.plan().reading.sparse && !segment.look && view.staged() == 1 &&
         segment.memory->block_boxes(stream, 0) != nullptr && view.retained() > 0;
}

void choose_what_to_read(const Pass& pass, const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept {
  Workspace& work = pass.work;
  const std::span<const kv::Block> blocks = segment.memory->blocks(stream);
  const LayerConfig& shape = pass.config.layer(segment.plan().shape.place(stream).layer);
  const int heads = shape.kv_heads;
  kernels::for_chunks(pass.runtime.threads, heads, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task);
    const auto row = static_cast<std::size_t>(task * work.shape.read_blocks);
    const std::span<float> scores = work.read_scores.subspan(row, blocks.size());
    const std::span<std::uint32_t> order = work.read_order.subspan(row, blocks.size());
    const auto group = static_cast<std::size_t>(shape.heads / heads);
    score_blocks(pass, segment, stream, head, static_cast<std::int64_t>(blocks.size()) - 1,
                 work.worker_scratch(worker).kernel, work.read_products.subspan(row * group, blocks.size() * group),
                 scores);
    const std::size_t count = kv::choose_blocks(blocks, scores, segment.plan().reading.share, order);

    Runs runs(work, view, head);
    std::int64_t entry = 0, first = 0;  // neighbouring blocks that are read form one range
    std::size_t next = 0;
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      const bool read = next < count && order[next] == block;
      if (!read) {
        runs.add(first, entry);
        first = entry + blocks[block].length;
      } else {
        ++next;
      }
      entry += blocks[block].length;
    }
    runs.add(first, view.entries());
  });
}

}  // namespace brim::model
