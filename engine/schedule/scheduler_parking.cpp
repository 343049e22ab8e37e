// The scheduler's use of parking: a text that loses its seat goes to a file, and comes back when a prompt continues it.
#include <new>
#include <utility>

#include "engine/base/sentence.hpp"
#include "engine/schedule/scheduler.hpp"

namespace brim::schedule {

Status Scheduler::open_parking(const model::Model& model) {
  if (options_.park_folder.empty()) return {};
  const kv::Plan& plan = seats_[0].session->sequence().memory().kv;
  // What of this is too little is found when a state is restored: it has the whole plan.
  const std::string same =
      sentence(model.file().profiles.fingerprint, ' ', plan.budget_bytes, ' ', plan.chunk, ' ', plan.shape.context, ' ',
               plan.split, ' ', plan.keep, ' ', kv::stored_as(plan.shape));
  BRIM_ASSIGN(parking_, Parking::open(options_.park_folder, options_.park_bytes, same));
  counts_.parked_bytes = parking_->bytes();
  return {};
}

// A text of which most stays is the same conversation: an answer is given again, or the last message was edited.
void Scheduler::park(Seat& seat, std::int64_t kept) {
  const run::Sequence& sequence = seat.session->sequence();
  if (kept * 2 >= sequence.tokens() || sequence.history_start() > 0) return;
  if (sequence.tokens() < static_cast<std::int64_t>(Parking::kBlock)) return;
  StateWriter state;
  Status status = seat.session->save_state(state);
  if (status) status = parking_->park(seat.key, sequence.history(), state);
  const std::lock_guard<std::mutex> lock(mutex_);
  ++(status ? counts_.parked : counts_.parking_failed);
  counts_.parked_bytes = parking_->bytes();
}

// Returns whether the prompt may continue what the seat holds then. A failure of parking ends no request: its prompt is
// processed as if nothing had been parked.
bool Scheduler::exchange_text(Seat& seat) {
  const Request& request = seat.job->request;
  const bool same = request.reuse && seat.key == request.key;
  if (!parking_) return same;
  const std::int64_t kept = same ? seat.session->reusable(request.ids) : 0;
  // First, so that what is parked does not take the place of the text that is about to be used.
  const bool returns = request.reuse && parking_->find(request.key, request.ids) > kept;
  park(seat, kept);
  if (!returns) return same;
  std::string key = request.key;
  const Status status = parking_->restore(request.key, request.ids, *seat.session);
  const std::lock_guard<std::mutex> lock(mutex_);
  ++(status ? counts_.restored : counts_.parking_failed);
  counts_.parked_bytes = parking_->bytes();
  if (!status) return same;
  seat.key.swap(key);
  return true;
}

void Scheduler::park_all() noexcept {
  if (!parking_) return;
  for (Seat& seat : seats_) {
    try {
      if (seat.session) park(seat, 0);
    } catch (const std::bad_alloc&) {
      // This text is not there after the start.
    }
  }
}

}  // namespace brim::schedule
