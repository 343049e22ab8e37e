// The KV memory's share of a saved session. What is restored comes from a file that is untrusted: counts are checked
// against the plan, and entries against the memory's invariants, before the first chunk is processed on top of them.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/document.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/quota_mover.hpp"
#include "engine/kv/streams.hpp"
#include "engine/kv/timeline.hpp"

namespace brim::kv {

/// No text has more tokens, whatever a file says.
inline constexpr std::int64_t kMaxStateTokens = std::int64_t{1} << 53;

/// The entries of one stream, `heads` KV heads each. The pieces stay valid until the store changes.
void save_entries(const StreamStore& store, int heads, StateWriter& state);
/// What entries may say: both are ascending and below these.
struct EntryBounds {
  std::int64_t positions, tokens;
};
/// Reads them back into a store that already says how many there are. Errors: those of the state reader.
Status restore_entries(const StreamStore& store, int heads, const EntryBounds& bounds, StateReader& state);

/// What is saved of a memory.
struct SavedMemory {
  const Plan& plan;
  const Timeline& time;
  const Streams& streams;
  const Document& document;
  const QuotaMover& quotas;
};
/// The pieces stay valid until one of the parts changes.
void save_memory(const SavedMemory& parts, StateWriter& state);

/// Reads the beginning of a saved memory. Errors: bad_file where it was not saved under this plan. A restore begins
/// with it; called before a memory is created, it prevents booking memory for a file that does not match.
Status check_plan(const Plan& plan, StateReader& state);

/// What is restored into.
struct RestoredMemory {
  const Plan& plan;
  Timeline& time;
  Streams& streams;
  Document& document;
  QuotaMover& quotas;
};
/// Reads what follows check_plan into empty parts. Errors: those of the state reader; the parts have to be cleared
/// then.
Status restore_memory(const RestoredMemory& parts, StateReader& state);

}  // namespace brim::kv
