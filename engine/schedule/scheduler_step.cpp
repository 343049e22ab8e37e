// A step of the scheduler: requests that end without an answer, seats for those that wait, and one pass.
#include <algorithm>
#include <new>
#include <utility>

#include "engine/schedule/scheduler.hpp"

namespace brim::schedule {

using generate::Piece;
using generate::Session;

Event& Scheduler::Output::add(const Job& job) noexcept {
  Event& event = room[count++];
  event = {};
  event.id = job.id;
  event.prompt_tokens = job.prompt_tokens;
  event.cached_tokens = job.cached_tokens;
  return event;
}

std::size_t Scheduler::step(std::span<Event> events) {
  Output out{events};
  end_requests(options_.clock(), out);
  fill_seats(out);
  pass(out);
  return out.count;
}

Error Scheduler::why(const Job& job, double now) const noexcept {
  if (!late(job, now)) return cancelled_error();
  try {
    return error(ErrorCode::cancelled, "the request's time limit of ", job.request.seconds, " s has passed");
  } catch (const std::bad_alloc&) {
    return cancelled_error();
  }
}

void Scheduler::end_requests(double now, Output& out) {
  for (Seat& seat : seats_) {
    if (out.left() == 0) return;
    if (seat.job && ends(*seat.job, now)) fail(seat, why(*seat.job, now), out);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto job = waiting_.begin(); job != waiting_.end() && out.left() > 0;) {
    if (!ends(**job, now)) {
      ++job;
      continue;
    }
    out.add(**job).status = why(**job, now);
    ++counts_.failed;
    job = waiting_.erase(job);
  }
}

void Scheduler::fill_seats(Output& out) {
  while (out.left() > 0) {
    Seat* const seat = give_seat();
    if (seat == nullptr) return;
    if (Status status = begin(*seat); !status) fail(*seat, status.error(), out);
  }
}

// The request whose key has the fewest seats is next, and of those the one that has waited longest: a client that sends
// many requests does not keep the others waiting.
Scheduler::Seat* Scheduler::give_seat() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.empty() || counts_.busy == counts_.seats) return nullptr;
  for (const auto& job : waiting_) {
    job->seats_of_key = static_cast<std::size_t>(std::count_if(
        seats_.begin(), seats_.end(), [&](const Seat& seat) { return seat.job && seat.key == job->request.key; }));
  }
  const auto next = std::min_element(waiting_.begin(), waiting_.end(), [](const auto& one, const auto& other) {
    return one->seats_of_key < other->seats_of_key;
  });
  const Request& request = (*next)->request;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const Seat& seat = seats_[i];
    const bool reuses = !seat.job && request.reuse && seat.key == request.key;
    states_[i] = {!seat.job, reuses ? seat.session->reusable(request.ids) : 0, seat.session->sequence().tokens(),
                  seat.last_used};
  }
  Seat& seat = seats_[*choose_seat(states_)];
  seat.job = std::move(*next);
  waiting_.erase(next);
  ++counts_.busy;
  return &seat;
}

// Where it fails, the seat may still hold the text of the key before.
Status Scheduler::begin(Seat& seat) {
  Job& job = *seat.job;
  try {
    BRIM_ASSIGN(job.cached_tokens,
                seat.session->begin_prompt(job.request.ids, exchange_text(seat), job.request.answer));
    if (job.request.pooling != generate::Pooling::none) seat.session->pool(job.request.pooling);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::out_of_memory, "out of memory"};  // so short that it is stored without an allocation
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  seat.key.swap(job.request.key);
  return {};
}

// Prompts take turns, piece by piece.
Scheduler::Seat* Scheduler::next_prompt() noexcept {
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const std::size_t at = (prompt_turn_ + i) % seats_.size();
    if (!seats_[at].job || !seats_[at].session->in_prompt()) continue;
    prompt_turn_ = at + 1;
    return &seats_[at];
  }
  return nullptr;
}

// Those that find no room in this pass come first in the next one.
std::size_t Scheduler::choose_generating(std::span<Seat*> chosen) noexcept {
  std::size_t count = 0;
  const std::size_t first = generating_turn_;
  for (std::size_t i = 0; i < seats_.size() && count < chosen.size(); ++i) {
    const std::size_t at = (first + i) % seats_.size();
    if (!seats_[at].job || seats_[at].session->in_prompt()) continue;
    chosen[count++] = &seats_[at];
    generating_turn_ = at + 1;
  }
  return count;
}

void Scheduler::pass(Output& out) {
  if (out.left() == 0) return;
  const bool generating = std::any_of(seats_.begin(), seats_.end(),
                                      [](const Seat& seat) { return seat.job && !seat.session->in_prompt(); });
  Session::PromptPiece piece;
  piece.wanted = pace_.tokens(generating);
  Seat* const prompt = piece.wanted > 0 ? next_prompt() : nullptr;
  const std::size_t for_prompt = prompt != nullptr ? 1 : 0;  // an event, and a sequence of the pass
  std::array<Seat*, model::kMaxSequences> chosen{};
  const std::size_t room = std::min(out.left(), model::kMaxSequences) - for_prompt;
  const std::size_t count = choose_generating(std::span(chosen).first(room));
  if (count == 0 && prompt == nullptr) return;
  std::array<Session*, model::kMaxSequences> sessions{};
  std::array<std::optional<Result<Piece>>, model::kMaxSequences> results;
  for (std::size_t i = 0; i < count; ++i) sessions[i] = chosen[i]->session.get();
  if (prompt != nullptr) {
    piece.session = prompt->session.get();
    piece.cancel = &prompt->job->cancelled;
  }
  const double begin = options_.clock();
  Session::next_together(std::span(sessions).first(count), std::span(results).first(count),
                         prompt != nullptr ? &piece : nullptr);
  pace_.note(count > 0, piece.tokens, options_.clock() - begin);
  for (std::size_t i = 0; i < count; ++i) say(*chosen[i], *results[i], out);
  if (prompt != nullptr && !piece.status) {
    fail(*prompt, piece.status.error(), out);
  } else if (prompt != nullptr && !prompt->session->in_prompt() &&
             prompt->job->request.pooling != generate::Pooling::none) {
    give_embedding(*prompt, out);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counts_.passes;
  for (std::size_t i = 0; i < count; ++i) note(*chosen[i]);
  if (prompt != nullptr) note(*prompt);
}

// For other threads, which must not look into a session while it computes.
void Scheduler::note(Seat& seat) noexcept {
  const run::Sequence& sequence = seat.session->sequence();
  seat.after.tokens = sequence.tokens();
  seat.after.kv_bytes = sequence.cache().bytes_used();
}

void Scheduler::say(Seat& seat, const Result<Piece>& piece, Output& out) noexcept {
  if (!piece) return fail(seat, piece.error(), out);
  Event& event = out.add(*seat.job);
  event.piece = *piece;
  if (piece->id >= 0) event.logprobs = seat.session->logprobs();
  event.generated_tokens = seat.session->timings().generated_tokens;
  if (piece->end != generate::End::not_yet) leave(seat, false);
}

void Scheduler::give_embedding(Seat& seat, Output& out) noexcept {
  const Result<std::span<const float>> found = seat.session->pooled();
  if (!found) return fail(seat, found.error(), out);
  Event& event = out.add(*seat.job);
  event.piece.end = generate::End::limit;
  event.embedding = *found;
  leave(seat, false);
}

void Scheduler::fail(Seat& seat, const Error& why, Output& out) noexcept {
  Event& event = out.add(*seat.job);
  try {
    event.status = why;
  } catch (const std::bad_alloc&) {
    event.status = Error{why.code, "out of memory"};  // stored without an allocation
  }
  event.generated_tokens = seat.session->timings().generated_tokens;
  leave(seat, true);
}

void Scheduler::leave(Seat& seat, bool failed) noexcept {
  seat.session->drop_prompt();
  const std::lock_guard<std::mutex> lock(mutex_);
  counts_.prompt_tokens += seat.job->prompt_tokens;
  counts_.cached_tokens += seat.job->cached_tokens;
  counts_.generated_tokens += seat.session->timings().generated_tokens;
  ++(failed ? counts_.failed : counts_.finished);
  --counts_.busy;
  seat.last_used = ++uses_;
  seat.job.reset();
}

}  // namespace brim::schedule
