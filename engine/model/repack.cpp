// See repack.hpp.
#include "engine/model/repack.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kTaskBytes = std::size_t{1} << 20;  ///< of the file, read and given back at once

bool same_memory(const quant::Matrix& a, const quant::Matrix& b) { return a.data == b.data; }

/// Calls visit(matrix) for every matrix that is multiplied by.
template <class AnyWeights, class Visit>
void for_each_matrix(AnyWeights& weights, Visit&& visit) {
  visit(weights.output);
  for (auto& layer : weights.layers) {
    for (auto* linear : {&layer.query, &layer.key, &layer.value, &layer.output, &layer.gate, &layer.up, &layer.down}) {
      if (!linear->weight.empty()) visit(linear->weight);
    }
    if (!layer.router.empty()) visit(layer.router);
    for (auto* experts : {&layer.expert_gate, &layer.expert_up, &layer.expert_down}) {
      for (auto& matrix : experts->each) visit(matrix);
    }
  }
}

std::size_t panels_bytes(const quant::Matrix& matrix) {
  const std::size_t bytes = static_cast<std::size_t>(quant::panel_count(matrix.rows)) *
                            quant::panel_bytes(matrix.format, matrix.cols);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

bool pays(const quant::Matrix& matrix) {
  return matrix.layout == quant::Layout::rows && kernels::active().panels_pay[static_cast<std::size_t>(matrix.format)];
}

/// Some panels of one matrix.
struct Task {
  quant::Matrix from;
  std::byte* panel;
};

void run(const Task& task, const io::Gguf& file) noexcept {
  const std::size_t panel_bytes = quant::panel_bytes(task.from.format, task.from.cols);
  std::byte* panel = task.panel;
  for (std::int64_t row = 0; row < task.from.rows; row += quant::kPanelRows, panel += panel_bytes) {
    const auto rows = static_cast<int>(std::min<std::int64_t>(quant::kPanelRows, task.from.rows - row));
    quant::pack_panel(task.from.format, task.from.row(row), task.from.row_bytes, rows, task.from.cols, panel);
  }
  file.release({task.from.data, task.from.row_bytes * static_cast<std::size_t>(task.from.rows)});
}

/// Cuts a matrix into tasks that write to `panels`.
void add_tasks(const quant::Matrix& matrix, std::byte* panels, std::vector<Task>& tasks) {
  const std::size_t panel_bytes = quant::panel_bytes(matrix.format, matrix.cols);
  const auto each = static_cast<std::int64_t>(std::max<std::size_t>(1, kTaskBytes / std::max<std::size_t>(panel_bytes, 1)));
  for (std::int64_t panel = 0; panel < quant::panel_count(matrix.rows); panel += each) {
    const std::int64_t row = panel * quant::kPanelRows;
    tasks.push_back({matrix.slice(row, std::min(each * quant::kPanelRows, matrix.rows - row)),
                     panels + static_cast<std::size_t>(panel) * panel_bytes});
  }
}

}  // namespace

std::size_t weight_bytes(const Weights& weights, bool repack) {
  std::size_t bytes = 0;
  for_each_matrix(weights, [&](const quant::Matrix& matrix) {
    const bool panels = matrix.layout == quant::Layout::panels || (repack && pays(matrix));
    bytes += panels ? panels_bytes(matrix) : matrix.row_bytes * static_cast<std::size_t>(matrix.rows);
  });
  return bytes;
}

bool repacking_pays(const Weights& weights) { return panel_memory(weights) > 0; }

std::size_t panel_memory(const Weights& weights) {
  std::size_t bytes = 0;
  for_each_matrix(weights, [&](const quant::Matrix& matrix) { bytes += pays(matrix) ? panels_bytes(matrix) : 0; });
  return bytes;
}

void use_panels(Weights& weights, const std::byte* memory) {
  const bool tied = same_memory(weights.output, weights.token_embedding);
  for_each_matrix(weights, [&](quant::Matrix& matrix) {
    if (!pays(matrix)) return;
    const std::size_t bytes = panels_bytes(matrix);
    matrix.data = memory;
    matrix.layout = quant::Layout::panels;
    memory += bytes;
  });
  if (tied) weights.token_embedding = weights.output;
}

Status repack(Weights& weights, const io::Gguf& file, std::byte* memory, int threads, const Progress& progress) {
  std::vector<Task> tasks;
  std::byte* next = memory;
  for_each_matrix(weights, [&](const quant::Matrix& matrix) {
    if (!pays(matrix)) return;
    add_tasks(matrix, next, tasks);
    next += panels_bytes(matrix);
  });

  const auto total = static_cast<long long>(file.tensor_bytes());
  std::atomic<long long> done{0};
  std::atomic<bool> stopped{false};
  kernels::for_chunks(threads, static_cast<std::int64_t>(tasks.size()), [&](std::int64_t index, int worker) noexcept {
    if (stopped.load(std::memory_order_relaxed)) return;
    const Task& task = tasks[static_cast<std::size_t>(index)];
    run(task, file);
    done.fetch_add(static_cast<long long>(task.from.row_bytes) * task.from.rows, std::memory_order_relaxed);
    // The caller's own thread tells, as in every other long work.
    if (worker == 0 && progress && !progress(std::min(done.load(std::memory_order_relaxed), total), total)) {
      stopped.store(true, std::memory_order_relaxed);
    }
  });
  if (stopped.load() || (progress && !progress(total, total))) {
    return error(ErrorCode::cancelled, "loading ", file.path(), " was stopped");
  }
  use_panels(weights, memory);
  return {};
}

}  // namespace brim::model
