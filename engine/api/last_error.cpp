// See last_error.hpp. A table of slots in the library's own memory. A thread claims one at its first error and keeps
// it; the slot's claim number tells the thread, in its ThreadState, whether the slot is still its own. Nothing happens
// when a thread ends: when all slots are taken, those of threads that do not exist any more are claimed again.
#include "engine/api/last_error.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "platform/thread_id.hpp"
#include "platform/thread_state.hpp"

namespace brim::api {
namespace {

constexpr std::uint16_t kErrorSlots = 256;

struct Slot {
  std::atomic<int> owner;            ///< the thread's id; 0: free
  std::atomic<std::uint32_t> claim;  ///< how often the slot was claimed
  char sentence[kMaxSentenceBytes + 1];
};

constinit Slot slots[kErrorSlots]{};

bool claim(Slot& slot, int former, int self) noexcept {
  if (!slot.owner.compare_exchange_strong(former, self)) return false;
  platform::thread_state.error_slot = static_cast<std::uint16_t>(&slot - slots);
  platform::thread_state.error_claim = slot.claim.fetch_add(1) + 1;
  return true;
}

/// The calling thread's slot, or null when it has none.
Slot* thread_slot() noexcept {
  const platform::ThreadState& state = platform::thread_state;
  if (state.error_claim == 0) return nullptr;
  Slot& slot = slots[state.error_slot];
  return slot.claim.load() == state.error_claim ? &slot : nullptr;
}

/// A slot for the calling thread, which has none; null when more threads than there are slots have failed and are
/// alive.
Slot* new_slot() noexcept {
  const int self = platform::this_thread_id();
  for (Slot& slot : slots) {
    if (slot.owner.load(std::memory_order_relaxed) == 0 && claim(slot, 0, self)) return &slot;
  }
  const int kept_errno = errno;
  Slot* found = nullptr;
  for (std::uint16_t i = 0; i < kErrorSlots && found == nullptr; ++i) {
    const int owner = slots[i].owner.load(std::memory_order_relaxed);
    if ((owner == self || !platform::thread_lives(owner)) && claim(slots[i], owner, self)) found = &slots[i];
  }
  errno = kept_errno;
  return found;
}

/// For threads without a slot.
const char* general_sentence(brim_status status) noexcept {
  switch (status) {
    case BRIM_OK:
      return "";
    case BRIM_INVALID_ARGUMENT:
      return "an argument or an option is wrong (too many threads have failed to say which)";
    case BRIM_BAD_FILE:
      return "a file's content is wrong or truncated (too many threads have failed to say where)";
    case BRIM_UNSUPPORTED:
      return "something is asked for that Brim does not do (too many threads have failed to say what)";
    case BRIM_IO:
      return "the operating system failed a read, write or map (too many threads have failed to say which)";
    case BRIM_OUT_OF_MEMORY:
      return "there is not enough memory (too many threads have failed to say how much is missing)";
    case BRIM_CANCELLED:
      return "the call was cancelled";
    case BRIM_WRONG_STATE:
      return "the handle cannot do this now (too many threads have failed to say why)";
    case BRIM_INTERNAL:
      break;
  }
  return "an unknown failure";
}

/// How much of a sentence is kept: all, or as many whole characters as leave room for an ellipsis.
std::size_t kept_bytes(const char* sentence, std::size_t size, std::size_t ellipsis) noexcept {
  if (size <= kMaxSentenceBytes) return size;
  std::size_t kept = kMaxSentenceBytes - ellipsis;
  while (kept > 0 && (static_cast<unsigned char>(sentence[kept]) & 0xC0u) == 0x80u) --kept;
  return kept;
}

}  // namespace

void keep_sentence(brim_status status, const char* sentence) noexcept {
  constexpr char kEllipsis[] = "…";
  platform::thread_state.error_status = static_cast<std::uint16_t>(status);
  Slot* slot = thread_slot();
  if (slot == nullptr) slot = new_slot();
  if (slot == nullptr) return;
  const std::size_t size = std::strlen(sentence);
  const std::size_t kept = kept_bytes(sentence, size, sizeof kEllipsis - 1);
  std::memmove(slot->sentence, sentence, kept);  // a caller may pass text that it got from here
  std::strcpy(slot->sentence + kept, kept < size ? kEllipsis : "");
}

const char* last_sentence() noexcept {
  const Slot* slot = thread_slot();
  return slot != nullptr ? slot->sentence
                         : general_sentence(static_cast<brim_status>(platform::thread_state.error_status));
}

}  // namespace brim::api
