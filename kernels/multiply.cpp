// See multiply.hpp. Weights in panels are multiplied by 16-bit activations (or floats), prepared once for all matrices
// of a call; the panels of all of them are handed out together, so that a call is one or two meetings of the threads.
#include "kernels/multiply.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/multiply_rows.hpp"
#include "kernels/threads.hpp"

namespace brim::kernels {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kSerialWork = 256 * 1024;      ///< multiply-adds that are done before helpers are awake
constexpr std::int64_t kManyTokens = 4;
constexpr std::int64_t kStreamBytes = 1024 * 1024;    ///< of panels in a task for few tokens
constexpr std::int64_t kCachedBytes = 384 * 1024;     ///< the same for many
constexpr std::int64_t kPrepareAlone = 8;             ///< fewer tokens are prepared before helpers are awake
constexpr std::int64_t kTasksPerThread = 8;
constexpr std::int64_t kPanelMultiple = 4;            ///< panels of a task: streams and register tiles come out even

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::byte* aligned(std::byte* scratch) {
  return scratch + (kAlignment - reinterpret_cast<std::uintptr_t>(scratch) % kAlignment) % kAlignment;
}

/// Bytes from one prepared row to the next. Tiles of bf16 take a line of sixteen rows at a time, which must not all fall
/// into one set of the first-level cache, as rows of 2048 would.
std::size_t prepared_stride(Activation kind, std::int64_t cols) {
  return round_up(activation_bytes(kind, cols)) + (kind == Activation::bf16 ? kAlignment : 0);
}

/// Panels of one task. Few tokens: enough bytes for several streams to run on. Many: as many as stay in the
/// second-level cache while the tokens pass, so that these are read once for all of them. A matrix is cut into 8 tasks
/// a thread at least, where it has the panels.
std::int64_t task_panels(const quant::Matrix& weights, std::size_t panel_bytes, std::int64_t tokens, int threads) {
  const auto bytes = static_cast<std::int64_t>(std::max<std::size_t>(panel_bytes, 1));
  const std::int64_t panels = quant::panel_count(weights.rows);
  const std::int64_t wanted = (tokens < kManyTokens ? kStreamBytes : kCachedBytes) / bytes;
  const std::int64_t fair = panels / (std::int64_t{threads} * kTasksPerThread);
  const std::int64_t each = std::min(wanted, fair) / kPanelMultiple * kPanelMultiple;
  return std::max(each, std::min(kPanelMultiple, panels));
}

/// The activations of a call as one kind of kernel wants them.
struct Prepared {
  const std::byte* rows;
  std::size_t stride;
};

Prepared prepare(const Table& table, Threads threads, Activation kind, const Input& input, std::byte* scratch) {
  if (kind == Activation::f32) {
    return {reinterpret_cast<const std::byte*>(input.x), static_cast<std::size_t>(input.stride) * sizeof(float)};
  }
  scratch = aligned(scratch);
  const std::size_t stride = prepared_stride(kind, input.cols);
  for_chunks(input.tokens < kPrepareAlone ? Threads() : threads, input.tokens, [&](std::int64_t token, int) {
    table.prepare[static_cast<std::size_t>(kind)](input.x + token * input.stride, input.cols,
                                                  scratch + static_cast<std::size_t>(token) * stride);
  });
  return {scratch, stride};
}

/// How the panels of a format are multiplied by so many tokens.
struct Way {
  Activation activation;
  void (*product)(const PanelProduct&) noexcept;
};

Way way(const Table& table, quant::Format format, std::int64_t tokens) {
  const auto f = static_cast<std::size_t>(format);
  if (tokens > kFewTokens && table.panel_product_many[f] != nullptr) return {Activation::bf16, table.panel_product_many[f]};
  return {table.panel_activation[f], table.panel_product[f]};
}

/// Whether any format has a way of its own for many tokens, which wants scratch for every thread.
bool any_many(const Table& table) {
  return std::any_of(std::begin(table.panel_product_many), std::end(table.panel_product_many),
                     [](auto product) { return product != nullptr; });
}

/// The tasks of one matrix in the numbering of a call.
struct Share {
  std::int64_t first_task;
  std::int64_t panels_each;
};

void run_task(const Table& table, const Target& target, std::int64_t first_panel, std::int64_t panels,
              const Input& input, const Prepared& activations, std::byte* worker_scratch) {
  const quant::Matrix& weights = *target.weights;
  const std::int64_t first_row = first_panel * quant::kPanelRows;
  PanelProduct part;
  part.panel_bytes = quant::panel_bytes(weights.format, weights.cols);
  part.panels = weights.data + static_cast<std::size_t>(first_panel) * part.panel_bytes;
  part.rows = std::min(panels * quant::kPanelRows, weights.rows - first_row);
  part.cols = weights.cols;
  part.activations = activations.rows;
  part.activation_stride = activations.stride;
  part.tokens = input.tokens;
  part.out = target.out + first_row;
  part.out_stride = target.stride;
  part.scratch = worker_scratch;
  way(table, weights.format, input.tokens).product(part);
}

/// All targets in panels that want one kind of activations.
void multiply_panels(const Table& table, Threads threads, Activation kind, const Input& input, std::span<const Target> targets,
                     std::byte* scratch) {
  const auto belongs = [&](const Target& target) {
    return target.weights->layout == quant::Layout::panels && target.weights->rows > 0 &&
           way(table, target.weights->format, input.tokens).activation == kind;
  };
  Share shares[kMostTargets];
  std::int64_t tasks = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!belongs(targets[i])) continue;
    const quant::Matrix& weights = *targets[i].weights;
    const std::int64_t each =
        task_panels(weights, quant::panel_bytes(weights.format, weights.cols), input.tokens, threads.count);
    shares[i] = {tasks, each};
    tasks += (quant::panel_count(weights.rows) + each - 1) / each;
  }
  if (tasks == 0) return;
  const Prepared activations = prepare(table, threads, kind, input, scratch);
  const std::size_t prepared_bytes = activations.stride * static_cast<std::size_t>(input.tokens);
  for_chunks(threads, tasks, [&](std::int64_t task, int worker) {
    if (input.cancel != nullptr && input.cancel->load(std::memory_order_relaxed)) return;
    std::size_t owner = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (belongs(targets[i]) && shares[i].first_task <= task) owner = i;
    }
    const std::int64_t each = shares[owner].panels_each;
    run_task(table, targets[owner], (task - shares[owner].first_task) * each, each, input, activations,
             kind == Activation::bf16 ? aligned(scratch) + prepared_bytes + static_cast<std::size_t>(worker) * kManyScratchBytes
                                      : nullptr);
  });
}

}  // namespace

std::size_t multiply_scratch_bytes(const Table& table, std::int64_t cols, std::int64_t tokens, int threads) {
  // f32 activations are read where they are.
  const auto rows = static_cast<std::size_t>(tokens);
  std::size_t panels = prepared_stride(Activation::q16_32, cols) * rows;
  if (tokens > kFewTokens && any_many(table)) {
    const std::size_t many = prepared_stride(Activation::bf16, cols) * rows;
    panels = std::max(panels, many + static_cast<std::size_t>(std::max(threads, 1)) * kManyScratchBytes);
  }
  return std::max(panels + kAlignment, multiply_rows_scratch_bytes(cols, tokens));  // the start may have to move up
}

void multiply(Runtime runtime, const Input& input, std::span<const Target> targets, std::byte* scratch) noexcept {
  if (input.tokens <= 0) return;
  std::int64_t work = 0;
  for (const Target& target : targets) work += target.weights->rows * target.weights->cols * input.tokens;
  if (work <= kSerialWork) runtime.threads = {};
  for (const Target& target : targets) {
    if (target.weights->layout == quant::Layout::panels || target.weights->rows <= 0) continue;
    multiply_rows(runtime, *target.weights, input, target.out, target.stride, scratch);
  }
  for (int kind = 0; kind < kActivationCount; ++kind) {
    multiply_panels(runtime.table, runtime.threads, static_cast<Activation>(kind), input, targets, scratch);
  }
}

}  // namespace brim::kernels
