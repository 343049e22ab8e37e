// See executor.hpp.
#include "engine/run/executor.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <utility>

#include "engine/run/sampling_memory.hpp"
#include "engine/run/sequence.hpp"

namespace brim::run {

Executor::Executor(std::shared_ptr<const model::Model> model, int threads)
    : model_(std::move(model)), threads_(threads), decoder_(*model_, work_, model_->runtime(threads)) {}

Status Executor::reserve(const model::WorkspaceShape& wanted, std::size_t rows, Preparing& preparing) {
  BRIM_TRY(reserve_workspace(wanted, preparing));
  BRIM_TRY(reserve_sampling(preparing));
  return rows > 1 ? reserve_logits(std::min(rows, std::size_t{kMaxTogether}), preparing) : Status();
}

// Memory is prepared outside the lock: progress is the host's. Another sequence may have come meanwhile.
Status Executor::reserve_workspace(const model::WorkspaceShape& wanted, Preparing& preparing) {
  for (;;) {
    model::WorkspaceShape before;
    {
      const Turn own(*this);
      before = work_.shape;
    }
    const model::WorkspaceShape shape = model::cover(before, wanted);
    if (shape == before) return {};
    const std::size_t bytes = model::Workspace::bytes(model_->config(), shape);
    BRIM_ASSIGN(Arena arena, prepared_arena(bytes, runtime().threads, preparing));
    const Turn own(*this);
    if (!(work_.shape == before)) continue;
    arena_ = std::move(arena);
    work_.lay_out(model_->config(), shape, arena_.take(bytes));
    return {};
  }
}

Status Executor::reserve_sampling(Preparing& preparing) {
  const auto bytes = static_cast<std::size_t>(sampling_memory(model_->config().vocabulary));
  if (!sampling().memory().empty()) return {};
  BRIM_ASSIGN(Arena arena, prepared_arena(bytes, runtime().threads, preparing));
  const std::lock_guard<FairLock> lock(sampling_lock_);
  if (!sampling_.empty()) return {};
  sampling_arena_ = std::move(arena);
  sampling_ = sampling_arena_.take(bytes);
  return {};
}

std::size_t Executor::bytes() noexcept {
  const Turn own(*this);
  const Sampling lent(*this);
  return arena_.size() + logits_arena_.size() + sampling_arena_.size();
}

Status Executor::reserve_logits(std::size_t rows, Preparing& preparing) {
  const std::size_t wanted = rows * static_cast<std::size_t>(model_->config().vocabulary);
  {
    const Turn own(*this);
    if (wanted <= logits_.size()) return {};
  }
  BRIM_ASSIGN(Arena arena, prepared_arena(wanted * sizeof(float), runtime().threads, preparing));
  const Turn own(*this);
  if (wanted <= logits_.size()) return {};
  logits_arena_ = std::move(arena);
  logits_ = {reinterpret_cast<float*>(logits_arena_.take(wanted * sizeof(float)).data()), wanted};
  return {};
}

namespace {

/// A caller of step() in the queue.
struct Caller : TurnQueue::Place {
  Caller(std::span<PassEntry> own, std::size_t rows) noexcept : Place(rows), entries(own) {}
  std::span<PassEntry> entries;
};

static_assert(kMaxTogether <= static_cast<int>(model::kMaxSequences));

/// Entries for one pass. Each has at least one row, so there are at most kMaxTogether.
struct Batch {
  std::array<PassEntry*, model::kMaxSequences> entries{};
  std::size_t count = 0, rows = 0;

  void add(PassEntry& entry) noexcept {
    entries[count++] = &entry;
    rows += entry.step.tokens.size();
  }
  std::span<PassEntry* const> all() const noexcept { return std::span(entries).first(count); }
};

bool observed(const PassEntry& entry) noexcept { return entry.step.observer != nullptr && *entry.step.observer; }

// 0 where an observer must be called by the caller's own thread.
std::size_t rows_for_others(std::span<const PassEntry> entries) noexcept {
  std::size_t rows = 0;
  for (const PassEntry& entry : entries) {
    if (observed(entry)) return 0;
    rows += entry.step.tokens.size();
  }
  return rows;
}

}  // namespace

void Executor::step(std::span<PassEntry> entries) noexcept {
  if (entries.empty()) return;
  Caller caller(entries, rows_for_others(entries));
  if (!turns_.enter(caller)) return;
  lead(entries);
  turns_.leave();
}

void Executor::step_with_piece(std::span<PassEntry> entries, PassEntry& piece) noexcept {
  const Turn turn(*this);
  Batch batch;
  for (PassEntry& entry : entries) batch.add(entry);
  batch.add(piece);
  process(batch.all());
}

// Logits of a shared pass are computed together, so it has at most as many rows as there is room for.
std::size_t Executor::shared_rows() const noexcept {
  const std::size_t rows = logits_.size() / static_cast<std::size_t>(model_->config().vocabulary);
  return std::min({rows, std::size_t{kMaxTogether}, static_cast<std::size_t>(work_.shape.chunk)});
}

// The last of the caller's own passes is shared with those that wait.
void Executor::lead(std::span<PassEntry> entries) noexcept {
  const std::size_t max = shared_rows();
  Batch batch;
  for (PassEntry& entry : entries) {
    if (batch.count > 0 && batch.rows + entry.step.tokens.size() > max) {
      process(batch.all());
      batch = {};
    }
    batch.add(entry);
  }
  std::array<TurnQueue::Place*, model::kMaxSequences> others;
  const std::size_t count = batch.rows < max ? turns_.take(max - batch.rows, others) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (PassEntry& entry : static_cast<Caller*>(others[i])->entries) batch.add(entry);
  }
  process(batch.all());
  turns_.done(std::span(others).first(count));
}

Status Executor::forward(std::span<const model::SequenceStep> steps, const std::atomic<bool>* cancel) noexcept {
  try {
    return decoder_.forward(steps, cancel);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::out_of_memory, "out of memory"};  // so short that it is stored without an allocation
  }
}

void Executor::process(std::span<PassEntry* const> entries) noexcept {
  std::array<PassEntry*, model::kMaxSequences> in_pass{};
  std::array<model::SequenceStep, model::kMaxSequences> steps;
  std::size_t count = 0;
  std::int64_t rows = 0;  // whose logits may be wanted: a piece of a prompt comes last
  for (PassEntry* const entry : entries) {
    if (entry->cancel != nullptr && entry->cancel->load(std::memory_order_relaxed)) {
      entry->status = cancelled_error();
      continue;
    }
    if (!entry->prompt) rows += static_cast<std::int64_t>(entry->step.tokens.size());
    steps[count] = entry->step;
    in_pass[count++] = entry;
  }
  if (count == 0) return;
  const std::span<PassEntry* const> those = std::span(in_pass).first(count);
  const auto start = std::chrono::steady_clock::now();
  Status status = forward(std::span(steps).first(count), count == 1 ? those[0]->cancel : nullptr);
  passes_.fetch_add(1, std::memory_order_relaxed);
  if (status) {
    finish(those, rows);
    if (count > 1) return;
    those[0]->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  } else if (count == 1) {
    those[0]->status = std::move(status);
  } else {  // nothing was changed: each finds out by itself whether it is the one that cannot be processed
    for (PassEntry* const entry : those) process({&entry, 1});
  }
}

void Executor::finish(std::span<PassEntry* const> entries, std::int64_t rows) noexcept {
  const bool wanted = std::any_of(entries.begin(), entries.end(), [](const PassEntry* e) { return e->wants_logits; });
  const std::int64_t width = model_->config().vocabulary;
  std::span<const float> logits;
  if (wanted && entries.size() > 1 && static_cast<std::size_t>(rows * width) <= logits_.size()) {
    const std::span<float> room = logits_.first(static_cast<std::size_t>(rows * width));
    decoder_.logits(0, rows, room);
    logits = room;
  }
  std::int64_t first = 0;
  for (const PassEntry* const entry : entries) {
    const auto count = static_cast<std::int64_t>(entry->step.tokens.size());
    if (entry->prompt) {
      entry->sequence->end_piece(decoder_, first, entry->step.tokens);
      first += count;
      continue;
    }
    const bool known = !logits.empty();
    entry->sequence->end_next(
        decoder_, first, count,
        known ? logits.subspan(static_cast<std::size_t>(first * width), static_cast<std::size_t>(count * width))
              : logits);
    if (wanted && !known) entry->sequence->compute_logits(decoder_, first, count, entry->cancel);
    first += count;
  }
}

}  // namespace brim::run
