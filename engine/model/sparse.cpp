// See sparse.hpp.
#include "engine/model/sparse.hpp"

#include <algorithm>

#include "engine/kv/reading.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

/// Writes the runs of one head as ranges of entries come in, oldest first.
class Runs {
 public:
  Runs(Workspace& work, const kv::View& view, int head)
      : view_(view),
        head_(head),
        runs_(work.read_runs.data() + head * work.most_runs()),
        entries_(work.read_entries.data() + head * work.most_runs()),
        parts_(work.read_parts.data() + head * (work.most_parts() + 1)),
        total_(work.read_totals[static_cast<std::size_t>(head)]) {
    total_ = 0;
  }

  void add(std::int64_t first, std::int64_t end) noexcept {
    while (first < end) {
      const std::int64_t place = total_ % kernels::kAttentionPart;
      if (place == 0) *parts_++ = count_;
      const kv::Stretch stretch = view_.stretch(head_, first, std::min(end, first + kernels::kAttentionPart - place));
      runs_[count_] = {stretch.keys, stretch.values, stretch.key_stride, stretch.value_stride, stretch.count};
      entries_[count_++] = first;
      first += stretch.count;
      total_ += stretch.count;
    }
    *parts_ = count_;
  }

 private:
  const kv::View& view_;
  int head_;
  kernels::KvRun* runs_;
  std::int64_t* entries_;
  std::int64_t* parts_;  ///< of the next part
  std::int64_t& total_;
  std::int64_t count_ = 0;
};

/// scores[b] = mean query of the head's group · mean key of block b. `scratch`: a worker's.
void score_blocks(const Pass& pass, int layer, int head, std::int64_t blocks, float* scratch, float* scores) noexcept {
  const LayerConfig& shape = pass.config.layers[static_cast<std::size_t>(layer)];
  const int size = pass.config.key_size, group = shape.heads / shape.kv_heads;
  const kernels::Table& table = kernels::active();
  float* mean = scratch;
  std::fill_n(mean, size, 0.0f);
  for (int g = 0; g < group; ++g) {
    table.add_scaled(mean, pass.work.query.data() + (std::int64_t{head} * group + g) * size, size,
                     1.0f / static_cast<float>(group));
  }
  constexpr auto kFormat = static_cast<std::size_t>(quant::Format::f16);
  const kernels::Activation kind = table.activation[kFormat];
  auto* prepared = reinterpret_cast<std::byte*>(scratch + (size + 15) / 16 * 16);
  table.prepare[static_cast<std::size_t>(kind)](mean, size, prepared);
  kernels::Product product{};
  product.weights = pass.cache.block_keys(layer, head);
  product.row_bytes = kernels::kv_vector_bytes(kernels::KvType::f16, size);
  product.rows = blocks;
  product.cols = size;
  product.activations = prepared;
  product.activation_stride = kernels::activation_bytes(kind, size);
  product.tokens = 1;
  product.out = scores;
  product.out_stride = blocks;
  table.product[kFormat](product);
}

}  // namespace

bool reads_sparsely(const Pass& pass, int layer, const kv::View& view) noexcept {
  return pass.cache.plan().reading.sparse && view.staged() == 1 && pass.cache.block_keys(layer, 0) != nullptr &&
         view.retained() > 0;
}

void choose_what_to_read(const Pass& pass, int layer, const kv::View& view) noexcept {
  Workspace& work = pass.work;
  const std::span<const kv::Block> blocks = pass.cache.blocks(layer);
  const int heads = pass.config.layers[static_cast<std::size_t>(layer)].kv_heads;
  kernels::for_chunks(pass.threads, heads, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task);
    const auto row = static_cast<std::size_t>(task * work.shape.read_blocks);
    const std::span<float> scores = work.read_scores.subspan(row, blocks.size());
    const std::span<std::uint32_t> order = work.read_order.subspan(row, blocks.size());
    score_blocks(pass, layer, head, static_cast<std::int64_t>(blocks.size()) - 1, work.worker_scratch(worker).kernel,
                 scores.data());
    const std::size_t count = kv::choose_blocks(blocks, scores, pass.cache.plan().reading.share, order);

    Runs runs(work, view, head);
    std::int64_t entry = 0, first = 0;  // neighbours that are read make one range
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
