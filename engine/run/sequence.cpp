// See sequence.hpp.
#include "engine/run/sequence.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "engine/base/size_text.hpp"
#include "engine/base/work_meter.hpp"
#include "engine/run/choose_scores.hpp"
#include "kernels/threads.hpp"
#include "platform/arena.hpp"
#include "platform/system_error_text.hpp"

namespace brim::run {
namespace {

using kernels::RowRole;
constexpr RowRole kGenerated[] = {RowRole::generated};

std::span<float> take_floats(Arena& arena, std::int64_t count) {
  const std::span<std::byte> bytes = arena.take(static_cast<std::size_t>(count) * sizeof(float));
  return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
}

}  // namespace

Result<Sequence::Planned> Sequence::plan(const model::Model& model, SequenceOptions options) {
  Planned planned;
  if (!options.profile) {
    BRIM_ASSIGN(planned.profile, choose_profile(model.file().profiles, model.file().carried, options));
  }
  BRIM_TRY(choose_scores(model.config(), model.file().profiles.fingerprint, model.file().carried_scores, options));
  auto memory = plan_memory(model.config(), model.table(), options);
  if (!memory && memory.error().code == ErrorCode::out_of_memory && options.pool) {
    return error(ErrorCode::out_of_memory, memory.error().sentence, "; ", options.pool->describe());
  }
  if (!memory) return memory.error();
  planned.memory = std::move(*memory);
  planned.options = std::move(options);
  return planned;
}

Result<std::unique_ptr<Sequence>> Sequence::create(std::shared_ptr<const model::Model> model,
                                                   const SequenceOptions& options) {
  BRIM_ASSIGN(Planned planned, plan(*model, options));
  return create(std::move(model), std::move(planned));
}

Result<std::unique_ptr<Sequence>> Sequence::create(std::shared_ptr<const model::Model> model, Planned planned) {
  BRIM_ASSIGN(std::unique_ptr<Sequence> sequence, create(std::move(model), std::move(planned.memory), planned.options));
  sequence->profile_ = std::move(planned.profile);
  return sequence;
}

Result<std::unique_ptr<Sequence>> Sequence::create(std::shared_ptr<const model::Model> model, MemoryPlan memory,
                                                   const SequenceOptions& options) {
  kv::Pool::Share share;
  if (options.pool) {
    BRIM_ASSIGN(share, kv::Pool::book(options.pool, memory.kv.budget_bytes));
  }
  auto executor = options.executor ? options.executor : std::make_shared<Executor>(model, options.threads);
  // The heap's share is allocated and freed: whether there is room for it shows here, not in the middle of a
  // conversation.
  const kernels::Threads threads = executor->runtime().threads;
  Preparing preparing{options.preparing, 0, memory.prepared_bytes()};
  auto arena = prepared_arena(static_cast<std::size_t>(memory.heap_bytes), threads, preparing);
  if (arena) {
    const Arena heap = std::move(*arena);
    arena = prepared_arena(memory.arena_size(), threads, preparing);
    if (arena) {
      const Status room = executor->reserve(model::workspace_shape(memory.kv, model->table(), threads.count),
                                            executor->rows_with(memory.tokens_together), preparing);
      if (!room) arena = room.error();
    }
  }
  preparing.done = arena ? preparing.total : preparing.done;  // an executor with enough room needs no more memory
  if (arena && !preparing.report()) return cancelled_error();
  if (!arena && arena.error().code == ErrorCode::cancelled) return arena.error();
  if (!arena) {
    return error(arena.error().code, "a session needs ", size_text(static_cast<std::size_t>(memory.kv.budget_bytes)),
                 " for its KV budget and ", size_text(static_cast<std::size_t>(memory.outside_budget_bytes())),
                 " outside it; ", arena.error().sentence);
  }
  auto rope = std::make_unique<model::Rope>(model->config(), model->weights().rope_factors, memory.kv.shape.context);
  // Finding these takes a walk through the whole vocabulary, so it is done only where the plan needs them.
  const auto delimiters = memory.kv.needs.blocks ? model->delimiters() : std::span<const std::uint8_t>();
  BRIM_ASSIGN(std::unique_ptr<kv::Memory> cache,
              kv::Memory::create(memory.kv, arena->take(static_cast<std::size_t>(memory.kv.budget_bytes)),
                                 model->table(), rope.get(), delimiters));
  std::unique_ptr<Sequence> sequence(new Sequence(std::move(model), std::move(memory), std::move(*arena),
                                                  std::move(cache), std::move(rope), std::move(executor), options));
  sequence->share_ = std::move(share);
  return sequence;
}

Sequence::Sequence(std::shared_ptr<const model::Model> model, MemoryPlan memory, Arena arena,
                   std::unique_ptr<kv::Memory> cache, std::unique_ptr<model::Rope> rope,
                   std::shared_ptr<Executor> executor, const SequenceOptions& options)
    : model_(std::move(model)),
      memory_(std::move(memory)),
      arena_(std::move(arena)),
      cache_(std::move(cache)),
      rope_(std::move(rope)),
      executor_(std::move(executor)) {
  executor_->join(memory_.tokens_together);
  const model::Config& config = model_->config();
  hidden_ = take_floats(arena_, memory_.tokens_together * config.embedding);
  logits_ = take_floats(arena_, memory_.tokens_together * config.vocabulary);
  embedding_ = take_floats(arena_, config.embedding);
  const std::span<std::byte> ids = arena_.take(static_cast<std::size_t>(memory_.history_bytes));
  const std::size_t remembered = ids.size() / (sizeof(TokenId) + sizeof(kernels::RowRole));
  history_ = {reinterpret_cast<TokenId*>(ids.data()), remembered};
  roles_ = {reinterpret_cast<kernels::RowRole*>(ids.data() + remembered * sizeof(TokenId)), remembered};
  if (memory_.tokens_together > 1) {
    speculation_ = Speculation(arena_.take(static_cast<std::size_t>(memory_.speculation_bytes)),
                               memory_.kv.shape.context, options.speculation.eager);
  }
}

void Sequence::remember(std::span<const TokenId> ids, std::span<const RowRole> roles) noexcept {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (history_size_ == static_cast<std::int64_t>(history_.size())) {
      const std::int64_t half = history_size_ / 2;
      std::copy(history_.begin() + half, history_.begin() + history_size_, history_.begin());
      std::copy(roles_.begin() + half, roles_.begin() + history_size_, roles_.begin());
      history_size_ -= half;
      history_start_ += half;
    }
    roles_[static_cast<std::size_t>(history_size_)] = roles[i];
    history_[static_cast<std::size_t>(history_size_++)] = ids[i];
  }
}

Status Sequence::read_chunks(Pieces pieces, Recall recall, Reading& reading, const std::atomic<bool>* cancel,
                             const ChunkObserver& observer) {
  drop_drafts(false);
  while (!pieces.done()) {
    if (!reading.report()) return cancelled_error();
    const Pieces::Piece piece = pieces.next();
    const std::int64_t first = cache_->tokens();
    if (piece.last) cache_->expect_checkpoint();
    {
      Executor::Turn turn = executor_->turn();
      has_row_ = false;
      const model::SequenceStep step{cache_.get(), rope_.get(), piece.ids, piece.roles, false, &observer_, &inputs_};
      BRIM_TRY(turn.decoder().forward({&step, 1}, cancel));
      keep_rows(turn.decoder(), static_cast<std::int64_t>(piece.ids.size()) - 1, 1);
      if (recall == Recall::remember) remember(piece.ids, piece.roles);
      if (observer) observer(first, turn.decoder());
    }
    if (piece.ends_at_mark) cache_->keep_checkpoint();
    reading.done += static_cast<long long>(piece.ids.size());
  }
  return {};
}

// Other sequences' passes overwrite the executor's rows.
void Sequence::keep_rows(const model::Decoder& decoder, std::int64_t first, std::int64_t count) noexcept {
  const std::span<const float> rows = decoder.stream(first, count);
  std::copy(rows.begin(), rows.end(), hidden_.begin());
  row_ = 0;
  has_row_ = true;
  logits_known_ = false;
}

std::span<float> Sequence::hidden_row() const noexcept {
  const auto width = static_cast<std::size_t>(model_->config().embedding);
  return hidden_.subspan(row_ * width, width);
}

// How many tokens of the history need not be processed again: the memory can go back to them, or holds no more than
// them.
std::int64_t Sequence::still_right() const noexcept {
  if (in_step()) return history_size_;
  return history_start_ > 0 ? 0 : cache_->return_point(history_size_);
}

Status Sequence::refresh(Reading& reading, const std::atomic<bool>* cancel) {
  if (in_step()) return {};
  in_step_ = false;
  const std::int64_t right = still_right();
  (void)cache_->truncate(right);
  const bool kept = cache_->checkpoints().newest(history_size_).has_value();  // then something else forbids going back
  if (right == 0 && needs_checkpoints() && !kept && history_size_ > memory_.kv.chunk) ++whole_readings_;
  BRIM_TRY(process_again(right, reading, cancel));
  in_step_ = true;
  return {};
}

Status Sequence::read(std::span<const TokenId> ids, const Progress& progress, const std::atomic<bool>* cancel,
                      const ChunkObserver& observer) {
  return ids.empty() ? Status() : read_prompt({{}, ids, {}}, progress, cancel, observer);
}

Status Sequence::read_prompt(const Prompt& prompt, const Progress& progress, const std::atomic<bool>* cancel,
                             const ChunkObserver& observer) {
  const Pieces pieces(tokens(), prompt.lead, prompt.ids, prompt.marks, memory_.pieces());
  Reading reading{progress, 0, history_size_ - still_right() + static_cast<long long>(pieces.total())};
  BRIM_TRY(refresh(reading, cancel));
  BRIM_TRY(read_chunks(pieces, Recall::remember, reading, cancel, observer));
  if (prompt.marks.empty() || prompt.marks.back() >= tokens()) cache_->keep_checkpoint();
  (void)reading.report();  // all is done: a request to stop comes too late for this call
  return {};
}

Status Sequence::read_next(TokenId id, const std::atomic<bool>* cancel, bool logits) {
  BRIM_ASSIGN(const std::optional<model::SequenceStep> step, begin_next(id, memory_.tokens_together, cancel));
  if (!step) return {};
  PassEntry entry{this, *step, cancel, logits || step->drafts};
  executor_->step({&entry, 1});
  if (!entry.status) {
    give_up_next();
    return std::move(entry.status);
  }
  if (step->drafts && entry.seconds > 0) speculation_.note_pass(step->tokens.size(), entry.seconds);
  return {};
}

Result<std::optional<model::SequenceStep>> Sequence::begin_next(TokenId id, std::int64_t max,
                                                                const std::atomic<bool>* cancel, int others) {
  const bool drafts = memory_.tokens_together > 1;
  if (drafts && speculation_.drafted(id) && cache_->drafts_left() > 0) {
    cache_->accept_draft();
    ++row_;
    remember({&id, 1}, kGenerated);
    return std::optional<model::SequenceStep>();
  }
  const std::span<const TokenId> repeated = take_back_drafts(id, max);
  next_ = id;
  if (!repeated.empty()) {
    has_row_ = false;
    return std::optional(model::SequenceStep{cache_.get(), rope_.get(), repeated, {}, false, &observer_});
  }
  const Progress unheard;
  Reading reading{unheard, 0, 0};
  BRIM_TRY(refresh(reading, cancel));
  has_row_ = false;
  std::span<const TokenId> tokens{&next_, 1};
  if (drafts) {
    max = std::min({max, cache_->draft_room(), memory_.tokens_together});
    if (keeps_states() && history_start_ > 0) max = 1;  // going back to before them would mean to the beginning
    tokens = speculation_.propose({history(), history_start_}, id, static_cast<int>(max), others);
  } else {
    drop_drafts(false);
  }
  return std::optional(model::SequenceStep{cache_.get(), rope_.get(), tokens, {}, drafts, &observer_});
}

void Sequence::end_next(const model::Decoder& decoder, std::int64_t first, std::int64_t count,
                        std::span<const float> logits) noexcept {
  keep_rows(decoder, first, count);
  if (again_ > 0) in_step_ = true;
  row_ = static_cast<std::size_t>(std::exchange(again_, 0));
  std::copy(logits.begin(), logits.end(), logits_.begin());
  logits_known_ = !logits.empty();
  remember({&next_, 1}, kGenerated);
}

void Sequence::compute_logits(model::Decoder& decoder, std::int64_t first, std::int64_t count,
                              const std::atomic<bool>* cancel) noexcept {
  if (memory_.tokens_together > 1) cancel = nullptr;
  const std::int64_t width = model_->config().vocabulary;
  decoder.logits(first, count, logits_.first(static_cast<std::size_t>(count * width)), cancel);
  logits_known_ = cancel == nullptr || !cancel->load(std::memory_order_relaxed);
}

void Sequence::drop_drafts(bool cut) noexcept { speculation_.drop(cut); }

void Sequence::clear() noexcept {
  cache_->clear();
  document_ = {};
  drop_drafts(true);
  history_size_ = history_start_ = again_ = 0;
  has_row_ = false;
  in_step_ = true;
}

Result<std::span<const float>> Sequence::logits(const std::atomic<bool>* cancel) {
  if (!has_row_) return error(ErrorCode::wrong_state, "there is nothing to continue: no text has been read");
  const auto vocabulary = static_cast<std::size_t>(model_->config().vocabulary);
  const std::span<float> found = logits_.subspan(row_ * vocabulary, vocabulary);
  if (!logits_known_) {
    executor_->turn().decoder().logits_of(hidden_row(), found, cancel);
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) return cancelled_error();
    logits_known_ = true;
  }
  return std::span<const float>(found);
}

Result<std::span<const float>> Sequence::embedding() {
  if (!has_row_) return error(ErrorCode::wrong_state, "there is no state to show: no text has been read");
  model::normalise_row(model_->table(), model_->config(), model_->weights().output_norm, hidden_row().data(),
                       embedding_.data());
  return std::span<const float>(embedding_);
}

}  // namespace brim::run
