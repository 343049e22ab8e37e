// See repack.hpp.
#include "engine/model/repack.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "kernels/threads.hpp"

namespace brim::model {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;  ///< read at once, at least a panel

bool same_memory(const quant::Matrix& a, const quant::Matrix& b) { return a.data == b.data; }

/// Calls visit(matrix) for every matrix that is multiplied by.
template <class AnyWeights, class Visit>
void for_each_matrix(AnyWeights& weights, Visit&& visit) {
  visit(weights.output);
  for (auto& layer : weights.layers) {
    for (auto* heads : {&layer.latent_keys, &layer.latent_values}) {
      for (auto& matrix : *heads) visit(matrix);
    }
    for (auto* linear :
         {&layer.query,       &layer.key,           &layer.value,       &layer.output,           &layer.gate,
          &layer.up,          &layer.down,          &layer.router,      &layer.shared_gate,      &layer.shared_up,
          &layer.shared_down, &layer.shared_router, &layer.mixer_input, &layer.mixer_gate,       &layer.rates,
          &layer.decays,      &layer.mixer_output,  &layer.input_gate,  &layer.input_projection, &layer.input_output,
          &layer.latent_query}) {
      if (!linear->weight.empty()) visit(linear->weight);
    }
    for (auto* experts : {&layer.expert_gate, &layer.expert_up, &layer.expert_down}) {
      for (auto& matrix : experts->each) visit(matrix);
    }
  }
}

bool pays(const kernels::Table& table, const quant::Matrix& matrix) {
  return matrix.layout == quant::Layout::rows && table.panels_pay[static_cast<std::size_t>(matrix.format)];
}

std::size_t row_bytes(const quant::Matrix& matrix) { return matrix.row_bytes * static_cast<std::size_t>(matrix.rows); }

std::size_t panels_bytes(const quant::Matrix& matrix) {
  const std::size_t bytes =
      static_cast<std::size_t>(quant::panel_count(matrix.rows)) * quant::panel_bytes(matrix.format, matrix.cols);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// Of keys of latent attention that are unpacked, or will be.
std::size_t unpacked_bytes(const LayerWeights& layer) {
  std::size_t values = layer.unpacked_keys.size();
  if (!layer.packed_keys.empty()) {
    std::int64_t rows = layer.packed_keys.rows;
    for (const quant::Matrix& matrix : layer.latent_values) rows -= matrix.rows;
    values = static_cast<std::size_t>(rows * layer.packed_keys.cols);
  }
  return values * sizeof(float);
}

std::size_t rows_bytes(const quant::Matrix& matrix) {
  return (row_bytes(matrix) + kAlignment - 1) / kAlignment * kAlignment;
}

/// Calls visit(matrix, panels, bytes) for every matrix that is moved, in the order in which they lie in memory. A token embedding
/// that is only looked up is moved as the file has it.
template <class AnyWeights, class Visit>
void for_each_moved(AnyWeights& weights, const kernels::Table& table, Moved moved, Visit&& visit) {
  const bool looked_up_only = !same_memory(weights.output, weights.token_embedding);
  if (looked_up_only && moved == Moved::all) visit(weights.token_embedding, false, rows_bytes(weights.token_embedding));
  for_each_matrix(weights, [&](auto& matrix) {
    if (pays(table, matrix)) {
      visit(matrix, true, panels_bytes(matrix));
    } else if (moved == Moved::all) {
      visit(matrix, false, rows_bytes(matrix));
    }
  });
}

/// Some rows of one matrix, and where they go from the beginning of all moved weights.
struct Piece {
  quant::Matrix from;
  std::size_t to = 0;
  bool panels = false;

  std::size_t bytes_from() const { return row_bytes(from); }
  std::size_t bytes_to() const {
    if (!panels) return bytes_from();
    return static_cast<std::size_t>(quant::panel_count(from.rows)) * quant::panel_bytes(from.format, from.cols);
  }
};

/// Cuts a matrix into pieces of whole panels.
void add_pieces(const quant::Matrix& matrix, std::size_t to, bool panels, std::vector<Piece>& pieces) {
  const std::size_t panel_rows_bytes = std::max<std::size_t>(1, matrix.row_bytes * quant::kPanelRows);
  const auto each =
      static_cast<std::int64_t>(std::max<std::size_t>(1, kPieceBytes / panel_rows_bytes)) * quant::kPanelRows;
  for (std::int64_t row = 0; row < matrix.rows; row += each) {
    pieces.push_back({matrix.slice(row, std::min(each, matrix.rows - row)), to, panels});
    to += pieces.back().bytes_to();
  }
}

void pack(const Piece& piece, const std::byte* rows, std::byte* panels) noexcept {
  const std::size_t panel_bytes = quant::panel_bytes(piece.from.format, piece.from.cols);
  for (std::int64_t row = 0; row < piece.from.rows; row += quant::kPanelRows, panels += panel_bytes) {
    const auto count = static_cast<int>(std::min<std::int64_t>(quant::kPanelRows, piece.from.rows - row));
    quant::pack_panel(piece.from.format, rows + static_cast<std::size_t>(row) * piece.from.row_bytes,
                      piece.from.row_bytes, count, piece.from.cols, panels);
  }
}

/// One move: what all threads share, and a buffer for each. The first failure is kept; the others then do nothing.
class Move {
 public:
  Move(const io::Gguf& file, const Destination& to, std::vector<Piece> pieces, int threads)
      : file_(file), to_(to), pieces_(std::move(pieces)) {
    std::size_t in = 0, out = 0;
    for (const Piece& piece : pieces_) {
      in = std::max(in, piece.bytes_from());
      if (to_.file != nullptr && piece.panels) out = std::max(out, piece.bytes_to());
    }
    in_.assign(static_cast<std::size_t>(threads), std::vector<std::byte>(in));
    out_.assign(static_cast<std::size_t>(threads), std::vector<std::byte>(out));
    if (to_.digests != nullptr) to_.digests->resize(pieces_.size());
  }

  std::int64_t count() const { return static_cast<std::int64_t>(pieces_.size()); }
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }
  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }

  /// Returns the bytes read.
  std::size_t work(std::int64_t index, int worker) noexcept {
    const Piece& piece = pieces_[static_cast<std::size_t>(index)];
    const std::size_t bytes = piece.bytes_from();
    // Rows that do not change need no buffer on their way to memory.
    const bool direct = to_.memory != nullptr && !piece.panels;
    std::byte* rows = direct ? to_.memory + piece.to : in_[static_cast<std::size_t>(worker)].data();
    if (const ReadFault fault = file_.try_read({piece.from.data, bytes}, rows)) return keep(read_, fault);
    if (to_.digests != nullptr) (*to_.digests)[static_cast<std::size_t>(index)] = sha256({rows, bytes});
    if (to_.memory != nullptr && piece.panels) pack(piece, rows, to_.memory + piece.to);
    if (to_.file != nullptr) {
      std::byte* packed = piece.panels ? out_[static_cast<std::size_t>(worker)].data() : rows;
      if (piece.panels) pack(piece, rows, packed);
      const WriteFault fault = to_.file->try_write_at(to_.file_start + piece.to, {packed, piece.bytes_to()});
      if (fault) return keep(write_, fault);
    }
    return bytes;
  }

  Status status() const {
    if (read_) return read_.error();
    if (write_) return to_.file->failure(write_);
    return {};
  }

 private:
  template <class Fault>
  std::size_t keep(Fault& kept, const Fault& fault) noexcept {
    if (!failed_.test_and_set()) kept = fault;
    stop();
    return 0;
  }

  const io::Gguf& file_;
  const Destination& to_;
  std::vector<Piece> pieces_;
  std::vector<std::vector<std::byte>> in_, out_;
  std::atomic<bool> stopped_{false};
  std::atomic_flag failed_ = ATOMIC_FLAG_INIT;
  ReadFault read_;
  WriteFault write_;
};

}  // namespace

std::size_t weight_bytes(const Weights& weights, const kernels::Table& table, bool repack, Moved moved) {
  const bool looked_up_only = !same_memory(weights.output, weights.token_embedding);
  std::size_t bytes = looked_up_only && moved == Moved::all ? row_bytes(weights.token_embedding) : 0;
  for_each_matrix(weights, [&](const quant::Matrix& matrix) {
    const bool panels = matrix.layout == quant::Layout::panels || (repack && pays(table, matrix));
    bytes += panels ? panels_bytes(matrix) : row_bytes(matrix);
  });
  for (const LayerWeights& layer : weights.layers) bytes += unpacked_bytes(layer);
  return bytes;
}

bool repacking_pays(const Weights& weights, const kernels::Table& table) {
  return moved_memory(weights, table, Moved::panels) > 0;
}

std::size_t moved_memory(const Weights& weights, const kernels::Table& table, Moved moved) {
  std::size_t all = 0;
  for_each_moved(weights, table, moved, [&](const quant::Matrix&, bool, std::size_t bytes) { all += bytes; });
  return all;
}

void use_moved(Weights& weights, const kernels::Table& table, Moved moved, const std::byte* memory) {
  const bool tied = same_memory(weights.output, weights.token_embedding);
  for_each_moved(weights, table, moved, [&](quant::Matrix& matrix, bool panels, std::size_t bytes) {
    matrix.data = memory;
    if (panels) matrix.layout = quant::Layout::panels;
    memory += bytes;
  });
  if (tied) weights.token_embedding = weights.output;
}

Status move_weights(const Weights& weights, const io::Gguf& file, Moved moved, const Destination& to,
                    kernels::Runtime runtime, const Progress& progress) {
  const kernels::Table& table = runtime.table;
  kernels::Threads threads = runtime.threads;
  std::vector<Piece> pieces;
  std::size_t next = 0;
  for_each_moved(weights, table, moved, [&](const quant::Matrix& matrix, bool panels, std::size_t bytes) {
    add_pieces(matrix, next, panels, pieces);
    next += bytes;
  });
  long long wanted = 0;
  for (const Piece& piece : pieces) wanted += static_cast<long long>(piece.bytes_from());
  threads.count = std::max(1, std::min(threads.count, static_cast<int>(std::min<std::size_t>(pieces.size(), 512))));
  Move move(file, to, std::move(pieces), threads.count);

  const long long total = weights.file_bytes();
  std::atomic<long long> done{0};
  std::atomic<bool> cancelled{false};
  kernels::for_chunks(threads, move.count(), [&](std::int64_t index, int worker) noexcept {
    if (move.stopped()) return;
    done.fetch_add(static_cast<long long>(move.work(index, worker)), std::memory_order_relaxed);
    // The calling thread reports progress, as in all other long work.
    if (worker == 0 && progress && !progress(std::min(done.load(std::memory_order_relaxed), total), total)) {
      cancelled.store(true, std::memory_order_relaxed);
      move.stop();
    }
  });
  BRIM_TRY(move.status());
  if (cancelled.load() || (progress && !progress(total, total))) {
    return error(ErrorCode::cancelled, "loading ", file.path(), " was stopped");
  }
  // A child that `progress` forked has no helper threads, and the pieces they were working on are missing there.
  if (done.load() != wanted) {
    return error(ErrorCode::wrong_state, "loading ", file.path(),
                 " was interrupted by a fork: load the model again in the child process");
  }
  return file.check_unchanged();
}

}  // namespace brim::model
