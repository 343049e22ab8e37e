// See multiply.hpp. Weights in panels are multiplied by 16-bit activations (or floats), which are prepared once for all
// matrices of a call. The panels of all matrices are distributed together, so that a call needs two barriers. Rows of
// prompts and generated rows use the same panels one after the other, so that weights are read from memory once.
#include "kernels/multiply.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/multiply_rows.hpp"
#include "kernels/threads.hpp"

namespace brim::kernels {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kSerialWork = 256 * 1024;  ///< multiply-adds done before helper threads wake up
constexpr std::int64_t kMinCachedTokens = 4;
constexpr std::int64_t kStreamBytes = 1024 * 1024;  ///< bytes of panels in a task for few tokens
constexpr std::int64_t kCachedBytes = 384 * 1024;   ///< the same for many
constexpr std::int64_t kPrepareAlone = 8;           ///< fewer tokens are prepared before helpers wake up
constexpr std::int64_t kTasksPerThread = 8;
constexpr std::int64_t kPanelMultiple = 4;  ///< a task has a multiple of this many panels

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::byte* aligned(std::byte* scratch) {
  return scratch + (kAlignment - reinterpret_cast<std::uintptr_t>(scratch) % kAlignment) % kAlignment;
}

/// Bytes from one prepared row to the next. Tiles of bf16 read one line of each of sixteen rows at a time. These lines
/// must not all map to one set of the first-level cache, as rows of 2048 values would.
std::size_t prepared_stride(Activation kind, std::int64_t cols) {
  return round_up(activation_bytes(kind, cols)) + (kind == Activation::bf16 ? kAlignment : 0);
}

/// Panels per task. Few tokens: enough bytes for several streams to run. Many tokens: as many panels as stay in the
/// second-level cache while all tokens are multiplied, so that the panels are read once for all tokens. A matrix is cut
/// into at least 8 tasks per thread, if it has enough panels.
std::int64_t task_panels(const quant::Matrix& weights, std::size_t panel_bytes, std::int64_t tokens, int threads) {
  const auto bytes = static_cast<std::int64_t>(std::max<std::size_t>(panel_bytes, 1));
  const std::int64_t panels = quant::panel_count(weights.rows);
  const std::int64_t wanted = (tokens < kMinCachedTokens ? kStreamBytes : kCachedBytes) / bytes;
  const std::int64_t fair = panels / (std::int64_t{threads} * kTasksPerThread);
  const std::int64_t each = std::min(wanted, fair) / kPanelMultiple * kPanelMultiple;
  return std::max(each, std::min(kPanelMultiple, panels));
}

/// The activations of a call, in the kind that a kernel requires.
struct Prepared {
  const std::byte* rows = nullptr;
  std::size_t stride = 0;
};

Prepared prepare(const Table& table, Threads threads, Activation kind, const Input& input, std::byte* scratch) {
  if (kind == Activation::f32) {
    return {reinterpret_cast<const std::byte*>(input.x), static_cast<std::size_t>(input.stride) * sizeof(float)};
  }
  const std::size_t stride = prepared_stride(kind, input.cols);
  for_chunks(input.tokens < kPrepareAlone ? Threads() : threads, input.tokens, [&](std::int64_t token, int) {
    table.prepare[static_cast<std::size_t>(kind)](input.x + token * input.stride, input.cols,
                                                  scratch + static_cast<std::size_t>(token) * stride);
  });
  return {scratch, stride};
}

/// Whether any format has a gemm kernel for prompts, which needs scratch for every thread.
bool any_gemm(const Table& table) {
  return std::any_of(std::begin(table.panel_gemm), std::end(table.panel_gemm),
                     [](auto product) { return product != nullptr; });
}

constexpr std::int64_t kFewestTogether = kFewTokens + 1;  ///< min rows of a panel_gemm call
constexpr std::int64_t kPaddedPanels = 2;                 ///< panels whose padded results are buffered at a time
constexpr std::size_t kPaddedBytes =
    static_cast<std::size_t>(kFewestTogether * kPaddedPanels * quant::kPanelRows) * sizeof(float);
constexpr std::size_t kGemmWorkerBytes = kGemmScratchBytes + round_up(kPaddedBytes);

/// Adjacent rows that are multiplied in the same way.
struct RowRange {
  std::int64_t first, end;
};

/// Generated or prompt.
RowRole role_of(const Input& input, std::int64_t row) {
  return input.roles != nullptr && of_prompt(input.roles[row]) ? RowRole::prompt : RowRole::generated;
}
/// The next range of rows with this role, starting the search at `from`; an empty range at the end when there is none.
RowRange next_range(const Input& input, std::int64_t from, RowRole role) {
  const auto is = [&](std::int64_t row) { return role_of(input, row) == role; };
  while (from < input.tokens && !is(from)) ++from;
  std::int64_t end = from;
  while (end < input.tokens && is(end)) ++end;
  return {from, end};
}
bool has_rows(const Input& input, RowRole role) { return next_range(input, 0, role).first < input.tokens; }

/// The tasks of one matrix, numbered within a call.
struct Share {
  std::int64_t first_task;
  std::int64_t panels_each;
};

/// The share of the weights that one task processes: all rows of the input times some panels of one matrix.
class Task {
 public:
  Task(const Table& table, const Target& target, std::int64_t first_panel, std::int64_t panels, const Input& input)
      : table_(table), input_(input), format_(static_cast<std::size_t>(target.weights->format)) {
    const quant::Matrix& weights = *target.weights;
    const std::int64_t first_row = first_panel * quant::kPanelRows;
    part_.panel_bytes = quant::panel_bytes(weights.format, weights.cols);
    part_.panels = weights.data + static_cast<std::size_t>(first_panel) * part_.panel_bytes;
    part_.rows = std::min(panels * quant::kPanelRows, weights.rows - first_row);
    part_.cols = weights.cols;
    part_.out = target.out + first_row;
    part_.out_stride = target.stride;
  }

  void run_exactly(const Prepared& activations, RowRange rows) const {
    table_.panel_product[format_](of_rows(activations, rows));
  }
  /// The prompt's rows. A range of them is widened to the min number of rows that this product needs. The results for
  /// the rows around the range are overwritten by run_exactly afterwards, or are the same as what the range of those
  /// rows gives.
  void run_gemm(const Prepared& activations, std::byte* scratch) const {
    const auto next = [&](std::int64_t from) { return next_range(input_, from, RowRole::prompt); };
    for (RowRange rows = next(0); rows.first < input_.tokens; rows = next(rows.end)) {
      if (input_.tokens < kFewestTogether) return run_padded(activations, scratch);
      RowRange wide = rows;
      wide.end = std::min(std::max(rows.end, rows.first + kFewestTogether), input_.tokens);
      wide.first = std::min(rows.first, wide.end - kFewestTogether);
      PanelProduct part = of_rows(activations, wide);
      part.scratch = scratch;
      table_.panel_gemm[format_](part);
    }
  }

 private:
  PanelProduct of_rows(const Prepared& activations, RowRange rows) const {
    PanelProduct part = part_;
    part.activations = activations.rows + static_cast<std::size_t>(rows.first) * activations.stride;
    part.activation_stride = activations.stride;
    part.tokens = rows.end - rows.first;
    part.out = part_.out + rows.first * part_.out_stride;
    return part;
  }
  /// For fewer rows than this product needs: the missing rows are whatever lies behind them in the scratch, zeros. The
  /// results go to a buffer, for some panels at a time.
  void run_padded(const Prepared& activations, std::byte* scratch) const {
    auto* aside = reinterpret_cast<float*>(scratch + kGemmScratchBytes);
    constexpr std::int64_t kStep = kPaddedPanels * quant::kPanelRows;
    for (std::int64_t row = 0; row < part_.rows; row += kStep) {
      PanelProduct part = of_rows(activations, {0, kFewestTogether});
      part.panels += static_cast<std::size_t>(row / quant::kPanelRows) * part.panel_bytes;
      part.rows = std::min(kStep, part_.rows - row);
      part.out = aside;
      part.out_stride = kStep;
      part.scratch = scratch;
      table_.panel_gemm[format_](part);
      for (std::int64_t t = 0; t < input_.tokens; ++t) {
        if (role_of(input_, t) == RowRole::prompt)
          std::copy_n(aside + t * kStep, part.rows, part_.out + t * part_.out_stride + row);
      }
    }
  }

  const Table& table_;
  const Input& input_;
  std::size_t format_;
  PanelProduct part_{};
};

/// What the prompt's rows are multiplied with, where any of the targets has a gemm kernel for them.
struct Gemm {
  Prepared activations;
  std::byte* scratch = nullptr;  ///< kGemmWorkerBytes for each worker; null: all rows are multiplied exactly

  bool serves(const Table& table, const quant::Matrix& weights) const {
    return scratch != nullptr && table.panel_gemm[static_cast<std::size_t>(weights.format)] != nullptr;
  }
};

Gemm prepare_gemm(const Table& table, Threads threads, const Input& input, std::span<const Target> targets,
                  std::byte* scratch) {
  const bool wanted =
      has_rows(input, RowRole::prompt) && std::any_of(targets.begin(), targets.end(), [&](const Target& target) {
        return target.weights->layout == quant::Layout::panels &&
               table.panel_gemm[static_cast<std::size_t>(target.weights->format)] != nullptr;
      });
  if (!wanted) return {};
  Gemm gemm;
  gemm.activations = prepare(table, threads, Activation::bf16, input, scratch);
  const std::int64_t rows = std::max(input.tokens, kFewestTogether);
  std::byte* end = scratch + static_cast<std::size_t>(rows) * gemm.activations.stride;
  std::fill(scratch + static_cast<std::size_t>(input.tokens) * gemm.activations.stride, end, std::byte{0});
  gemm.scratch = aligned(end);
  return gemm;
}

/// All targets in panels whose exact products need the same kind of activations.
void multiply_panels(const Table& table, Threads threads, Activation kind, const Input& input,
                     std::span<const Target> targets, const Gemm& gemm, std::byte* scratch) {
  const auto belongs = [&](const Target& target) {
    return target.weights->layout == quant::Layout::panels && target.weights->rows > 0 &&
           table.panel_activation[static_cast<std::size_t>(target.weights->format)] == kind;
  };
  Share shares[kMaxTargets];
  std::int64_t tasks = 0;
  bool any_exact = false;
  const bool generated = has_rows(input, RowRole::generated);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!belongs(targets[i])) continue;
    const quant::Matrix& weights = *targets[i].weights;
    const std::int64_t each =
        task_panels(weights, quant::panel_bytes(weights.format, weights.cols), input.tokens, threads.count);
    shares[i] = {tasks, each};
    tasks += (quant::panel_count(weights.rows) + each - 1) / each;
    any_exact = any_exact || generated || !gemm.serves(table, weights);
  }
  if (tasks == 0) return;
  const Prepared activations = any_exact ? prepare(table, threads, kind, input, scratch) : Prepared();
  for_chunks(threads, tasks, [&](std::int64_t number, int worker) {
    if (input.cancel != nullptr && input.cancel->load(std::memory_order_relaxed)) return;
    std::size_t owner = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (belongs(targets[i]) && shares[i].first_task <= number) owner = i;
    }
    const std::int64_t each = shares[owner].panels_each;
    const Task task(table, targets[owner], (number - shares[owner].first_task) * each, each, input);
    if (!gemm.serves(table, *targets[owner].weights)) return task.run_exactly(activations, {0, input.tokens});
    task.run_gemm(gemm.activations, gemm.scratch + static_cast<std::size_t>(worker) * kGemmWorkerBytes);
    const auto next = [&](std::int64_t from) { return next_range(input, from, RowRole::generated); };
    for (RowRange rows = next(0); rows.first < input.tokens; rows = next(rows.end)) task.run_exactly(activations, rows);
  });
}

}  // namespace

std::size_t multiply_scratch_bytes(const Table& table, std::int64_t cols, std::int64_t tokens, int threads) {
  // f32 activations are read in place.
  std::size_t panels = prepared_stride(Activation::q16_32, cols) * static_cast<std::size_t>(tokens) + kAlignment;
  if (any_gemm(table)) {
    const auto rows = static_cast<std::size_t>(std::max(tokens, kFewestTogether));
    panels += prepared_stride(Activation::bf16, cols) * rows + kAlignment +
              static_cast<std::size_t>(std::max(threads, 1)) * kGemmWorkerBytes;
  }
  return std::max(panels, multiply_rows_scratch_bytes(cols, tokens));  // the start may have to be aligned
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
  scratch = aligned(scratch);
  // The prompt's rows are prepared behind the space that the widest exact rows take.
  std::byte* behind =
      scratch + prepared_stride(Activation::q16_32, input.cols) * static_cast<std::size_t>(input.tokens);
  const Gemm gemm = prepare_gemm(runtime.table, runtime.threads, input, targets, behind);
  for (int kind = 0; kind < kActivationCount; ++kind) {
    multiply_panels(runtime.table, runtime.threads, static_cast<Activation>(kind), input, targets, gemm, scratch);
  }
}

}  // namespace brim::kernels
