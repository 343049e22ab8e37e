// See scheduler.hpp. What a step does is in scheduler_step.cpp.
#include "engine/schedule/scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "engine/base/progress_span.hpp"
#include "engine/base/size_text.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/plan.hpp"
#include "engine/model/workspace.hpp"
#include "engine/run/executor.hpp"
#include "engine/run/prompt_cuts.hpp"

namespace brim::schedule {
namespace {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Status check_range(std::string_view what, int value, int min, int max) {
  if (value >= min && value <= max) return {};
  return error(ErrorCode::invalid_argument, what, ": expected ", min, " to ", max, ", found ", value);
}

Status check_options(const SchedulerOptions& options) {
  BRIM_TRY(check_range("seats", options.seats, 1, kMaxSeats));
  BRIM_TRY(check_range("queue", options.queue, 0, kMaxQueue));
  BRIM_TRY(check_range("prefill chunk", options.prefill_chunk, static_cast<int>(run::kPromptBlock), kv::kLargestChunk));
  if (!(options.max_gap > 0) || !std::isfinite(options.max_gap)) {
    return error(ErrorCode::invalid_argument, "max gap: expected a positive number of seconds, found ",
                 options.max_gap);
  }
  if (options.seat.system.empty()) return {};
  return error(ErrorCode::invalid_argument,
               "a scheduler has no system message of its own: give it with the messages of each request");
}

/// Tokens that a sequence with this plan keeps, in every layer, before an entry is evicted or a position moves. What
/// slides out of a layer's window is not needed again.
std::int64_t kept_tokens(const kv::Plan& plan) noexcept {
  std::int64_t kept = plan.shape.context;
  if (plan.budget_bytes >= plan.full_bytes) return kept;
  for (std::size_t i = 0; i < plan.quota.size(); ++i) {
    if (plan.quota[i] < kv::useful_entries(plan.shape.layers[i], plan.shape.context)) {
      kept = std::min(kept, plan.quota[i]);
    }
  }
  return kept;
}

}  // namespace

Scheduler::Scheduler(SchedulerOptions options, std::shared_ptr<run::Executor> executor)
    : options_(std::move(options)), executor_(std::move(executor)), pace_(options_.max_gap) {
  if (!options_.clock) options_.clock = steady_seconds;
}

Scheduler::~Scheduler() { park_all(); }

Result<std::unique_ptr<Scheduler>> Scheduler::create(std::shared_ptr<const model::Model> model,
                                                     SchedulerOptions options) {
  BRIM_TRY(check_options(options));
  auto executor = options.seat.sequence.executor;
  if (!executor) executor = std::make_shared<run::Executor>(model, options.seat.sequence.threads);
  std::unique_ptr<Scheduler> scheduler(new Scheduler(std::move(options), std::move(executor)));
  BRIM_TRY(scheduler->create_seats(model));
  return scheduler;
}

Status Scheduler::create_seats(const std::shared_ptr<const model::Model>& model) {
  run::SequenceOptions& sequence = options_.seat.sequence;
  sequence.executor = executor_;
  sequence.prefill_chunk = options_.prefill_chunk;
  const auto count = static_cast<std::size_t>(options_.seats);
  BRIM_ASSIGN(const run::Sequence::Planned planned, run::Sequence::plan(*model, sequence));
  if (sequence.automatic_bytes == 0) {  // what is available is shared between the seats, which all have the same plan
    sequence.automatic_bytes = std::max<std::int64_t>(planned.memory.automatic_bytes / options_.seats, 1);
  }
  const Progress whole = std::exchange(sequence.preparing, {});
  const long long bytes = planned.memory.prepared_bytes(), total = bytes * options_.seats;
  seats_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    generate::SessionOptions settings = options_.seat;
    const auto at = static_cast<long long>(i);
    settings.sequence.preparing = progress_span(whole, at * bytes, (at + 1) * bytes, total);
    auto session = generate::Session::create(model, std::move(settings));
    if (!session && session.error().code == ErrorCode::cancelled) return session.error();
    if (!session) {
      return error(session.error().code, "seat ", i + 1, " of ", count, ": ", session.error().sentence);
    }
    seats_[i].session = std::move(*session);
  }
  const run::MemoryPlan& memory = seats_[0].session->sequence().memory();
  // Room for a piece of a prompt and a whole pass of generated tokens together.
  const kernels::Threads threads = executor_->runtime().threads;
  model::WorkspaceShape shape = model::workspace_shape(memory.kv, model->table(), threads.count);
  shape.chunk += run::kMaxTogether;
  const Progress none;
  run::Preparing preparing{none, 0, 1};
  BRIM_TRY(executor_->reserve(shape, run::kMaxTogether, preparing));
  states_.resize(count);
  waiting_.reserve(count + static_cast<std::size_t>(options_.queue));
  vocabulary_ = model->config().vocabulary;
  counts_.seats = options_.seats;
  counts_.budget_bytes = memory.kv.budget_bytes;
  counts_.outside_bytes = memory.outside_budget_bytes();
  counts_.chunk = memory.kv.chunk;
  counts_.kept_tokens = kept_tokens(memory.kv);
  return open_parking(*model);
}

// An embedding of a text that was not kept whole would be another one. An answer without a limit gets the rest of the
// room for it.
Status Scheduler::check_length(Request& request) const {
  const auto tokens = static_cast<std::int64_t>(request.ids.size());
  const std::int64_t kept = counts_.kept_tokens;
  const bool embeds = request.pooling != generate::Pooling::none;
  if (!embeds && !options_.refuse_when_full) return {};
  const bool open = !embeds && request.answer.limit < 0;
  const std::int64_t answer = embeds ? 0 : open ? 1 : request.answer.limit;
  if (tokens > kept || answer > kept - tokens) {
    return error(ErrorCode::invalid_argument, "the prompt has ", tokens, " tokens and its answer up to ", answer,
                 "; expected at most ", kept, " together, which is what a seat with a KV budget of ",
                 size_text(static_cast<std::size_t>(counts_.budget_bytes)), " keeps without evicting: shorten it, ",
                 "or raise the budget or the context");
  }
  if (open) request.answer.limit = kept - tokens;
  return {};
}

Result<RequestId> Scheduler::submit(Request request) {
  if (request.ids.empty()) return error(ErrorCode::invalid_argument, "the prompt has no tokens; expected at least one");
  for (const TokenId id : request.ids) {
    if (id >= 0 && id < vocabulary_) continue;
    return error(ErrorCode::invalid_argument, "token id ", id, ": expected 0 to ", vocabulary_ - 1);
  }
  if (request.key.size() > kMaxKeyBytes) {
    return error(ErrorCode::invalid_argument, "the key has ", request.key.size(), " bytes; expected at most ",
                 kMaxKeyBytes);
  }
  if (!(request.seconds >= 0) || !std::isfinite(request.seconds)) {
    return error(ErrorCode::invalid_argument, "the time limit: expected seconds from 0 on, found ", request.seconds);
  }
  BRIM_TRY(generate::check(request.answer.sampling));
  BRIM_TRY(check_range("logprobs", request.answer.logprobs, -1, generate::kMaxTopLogprobs));
  BRIM_TRY(check_length(request));
  if (request.pooling != generate::Pooling::none) request.reuse = false;
  auto job = std::make_unique<Job>();
  job->prompt_tokens = static_cast<std::int64_t>(request.ids.size());
  if (request.seconds > 0) job->deadline = options_.clock() + request.seconds;
  job->request = std::move(request);
  RequestId id = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto free = static_cast<std::size_t>(counts_.seats - counts_.busy);
    if (waiting_.size() >= free + static_cast<std::size_t>(options_.queue)) {
      ++counts_.refused;
      return error(ErrorCode::wrong_state, "the queue is full: ", counts_.busy, " of ", counts_.seats,
                   " seats with a KV budget of ", size_text(static_cast<std::size_t>(counts_.budget_bytes)),
                   " each are in use, and ", waiting_.size(), " requests wait; at most ", options_.queue,
                   " may wait for a seat: try again when one has ended");
    }
    id = job->id = ++last_id_;
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return id;
}

void Scheduler::cancel(RequestId id) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto cancelled = [id](const std::unique_ptr<Job>& job) {
    if (!job || job->id != id) return false;
    job->cancelled.store(true, std::memory_order_relaxed);
    return true;
  };
  if (std::any_of(waiting_.begin(), waiting_.end(), cancelled)) return;
  (void)std::any_of(seats_.begin(), seats_.end(), [&](const Seat& seat) { return cancelled(seat.job); });
}

bool Scheduler::wait(double seconds) {
  constexpr double kLongest = 1e6;  // seconds, so that a clock can count them
  const std::chrono::duration<double> longest(std::clamp(seconds, 0.0, kLongest));
  std::unique_lock<std::mutex> lock(mutex_);
  const auto work = [this] { return !waiting_.empty() || counts_.busy > 0; };
  changed_.wait_for(lock, longest, [&] { return woken_ || work(); });
  woken_ = false;
  return work();
}

void Scheduler::wake() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

Scheduler::Counts Scheduler::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Counts counts = counts_;
  counts.waiting = static_cast<std::int64_t>(waiting_.size());
  return counts;
}

Result<Scheduler::SeatCounts> Scheduler::seat(int number) const {
  BRIM_TRY(check_range("seat", number, 0, counts_.seats - 1));  // which do not change
  const std::lock_guard<std::mutex> lock(mutex_);
  const Seat& seat = seats_[static_cast<std::size_t>(number)];
  SeatCounts found = seat.after;
  found.busy = seat.job != nullptr;
  return found;
}

}  // namespace brim::schedule
