// See multiply.hpp. Weights in panels are multiplied by 16-bit activations (or floats), prepared once for all matrices
// of a call; the panels of all of them are handed out together, so that a call is one or two meetings of the threads.
#include "kernels/multiply.hpp"

#include <algorithm>

#include "kernels/dispatch.hpp"
#include "kernels/multiply_rows.hpp"
#include "kernels/threads.hpp"

namespace brim::kernels {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kSerialWork = 256 * 1024;      ///< multiply-adds that are done before a team has gathered
constexpr std::int64_t kManyTokens = 4;
constexpr std::int64_t kStreamBytes = 1024 * 1024;    ///< of panels in a task for few tokens
constexpr std::int64_t kCachedBytes = 384 * 1024;     ///< the same for many
constexpr std::int64_t kPrepareAlone = 8;             ///< fewer tokens are prepared before a team has gathered
constexpr std::int64_t kTasksPerThread = 8;
constexpr std::int64_t kPanelMultiple = 4;            ///< panels of a task: streams and register tiles come out even

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

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

Prepared prepare(const Table& table, int team, Activation kind, const Input& input, std::byte* scratch) {
  if (kind == Activation::f32) {
    return {reinterpret_cast<const std::byte*>(input.x), static_cast<std::size_t>(input.stride) * sizeof(float)};
  }
  scratch += (kAlignment - reinterpret_cast<std::uintptr_t>(scratch) % kAlignment) % kAlignment;
  const std::size_t stride = round_up(activation_bytes(kind, input.cols));
  for_chunks(input.tokens < kPrepareAlone ? 1 : team, input.tokens, [&](std::int64_t token, int) {
    table.prepare[static_cast<std::size_t>(kind)](input.x + token * input.stride, input.cols,
                                                  scratch + static_cast<std::size_t>(token) * stride);
  });
  return {scratch, stride};
}

/// The tasks of one matrix in the numbering of a call.
struct Share {
  std::int64_t first_task;
  std::int64_t panels_each;
};

void run_task(const Table& table, const Target& target, std::int64_t first_panel, std::int64_t panels,
              const Input& input, const Prepared& activations) {
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
  table.panel_product[static_cast<std::size_t>(weights.format)](part);
}

/// All targets in panels that want one kind of activations.
void multiply_panels(const Table& table, int team, Activation kind, const Input& input, std::span<const Target> targets,
                     std::byte* scratch) {
  const auto belongs = [&](const Target& target) {
    return target.weights->layout == quant::Layout::panels && target.weights->rows > 0 &&
           table.panel_activation[static_cast<std::size_t>(target.weights->format)] == kind;
  };
  Share shares[kMostTargets];
  std::int64_t tasks = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!belongs(targets[i])) continue;
    const quant::Matrix& weights = *targets[i].weights;
    const std::int64_t each =
        task_panels(weights, quant::panel_bytes(weights.format, weights.cols), input.tokens, team);
    shares[i] = {tasks, each};
    tasks += (quant::panel_count(weights.rows) + each - 1) / each;
  }
  if (tasks == 0) return;
  const Prepared activations = prepare(table, team, kind, input, scratch);
  for_chunks(team, tasks, [&](std::int64_t task, int) {
    std::size_t owner = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (belongs(targets[i]) && shares[i].first_task <= task) owner = i;
    }
    const std::int64_t each = shares[owner].panels_each;
    run_task(table, targets[owner], (task - shares[owner].first_task) * each, each, input, activations);
  });
}

}  // namespace

std::size_t multiply_scratch_bytes(std::int64_t cols, std::int64_t tokens) {
  // f32 activations are read where they are.
  const std::size_t panels = round_up(activation_bytes(Activation::q16_32, cols)) * static_cast<std::size_t>(tokens);
  return std::max(panels + kAlignment, multiply_rows_scratch_bytes(cols, tokens));  // the start may have to move up
}

void multiply(int threads, const Input& input, std::span<const Target> targets, std::byte* scratch) noexcept {
  if (input.tokens <= 0) return;
  const Table& table = active();
  std::int64_t work = 0;
  for (const Target& target : targets) work += target.weights->rows * target.weights->cols * input.tokens;
  const int team = threads <= 1 || work <= kSerialWork ? 1 : threads;
  for (const Target& target : targets) {
    if (target.weights->layout == quant::Layout::panels || target.weights->rows <= 0) continue;
    multiply_rows(team, *target.weights, input.x, input.stride, input.tokens, target.out, target.stride, scratch);
  }
  for (int kind = 0; kind < kActivationCount; ++kind) {
    multiply_panels(table, team, static_cast<Activation>(kind), input, targets, scratch);
  }
}

}  // namespace brim::kernels
