// See turn_queue.hpp.
#include "engine/run/turn_queue.hpp"

namespace brim::run {

void TurnQueue::lock() noexcept {
  if (!guard_.lock()) return;
  given_ = false;
  first_ = last_ = nullptr;
}

bool TurnQueue::enter(Place& place) noexcept {
  lock();
  if (!given_) {
    given_ = true;
    guard_.unlock();
    return true;
  }
  (last_ == nullptr ? first_ : last_->next_) = &place;
  last_ = &place;
  guard_.unlock();
  for (;;) {
    const std::uint32_t seen = changes_.load(std::memory_order_acquire);
    const Place::State state = place.state_.load(std::memory_order_acquire);
    if (state != Place::State::waiting) return state == Place::State::turn;
    changes_.wait(seen, std::memory_order_acquire);
  }
}

std::size_t TurnQueue::take(std::size_t rows, std::span<Place*> taken) noexcept {
  std::size_t count = 0;
  lock();
  Place *before = nullptr, *place = first_;
  while (place != nullptr && count < taken.size()) {
    Place* const next = place->next_;
    if (place->rows_ == 0 || place->rows_ > rows) {
      before = place;
    } else {
      rows -= place->rows_;
      taken[count++] = place;
      (before == nullptr ? first_ : before->next_) = next;
      if (next == nullptr) last_ = before;
    }
    place = next;
  }
  guard_.unlock();
  return count;
}

// The last access to a place is the change of its state: its caller may be gone right after that.
void TurnQueue::done(std::span<Place* const> taken) noexcept {
  for (Place* const place : taken) place->state_.store(Place::State::done, std::memory_order_release);
}

void TurnQueue::leave() noexcept {
  lock();
  Place* const next = first_;
  given_ = next != nullptr;
  if (next != nullptr) {
    first_ = next->next_;
    if (first_ == nullptr) last_ = nullptr;
    next->state_.store(Place::State::turn, std::memory_order_release);
  }
  guard_.unlock();
  changes_.fetch_add(1, std::memory_order_release);
  changes_.notify_all();
}

std::size_t TurnQueue::waiting() noexcept {
  lock();
  std::size_t count = 0;
  for (const Place* place = first_; place != nullptr; place = place->next_) ++count;
  guard_.unlock();
  return count;
}

}  // namespace brim::run
