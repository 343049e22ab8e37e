// The KV memory's part of a saved session. What is restored comes from a file that anybody may have written: counts are
// checked against the plan, and entries against what the memory relies on, before the first chunk is processed on top
// of them.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/document.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/quota_mover.hpp"
#include "engine/kv/streams.hpp"
#include "engine/kv/timeline.hpp"

namespace brim::kv {

/// What is saved of a memory.
struct SavedParts {
  const Plan& plan;
  const Timeline& time;
  const Streams& streams;
  const Document& document;
  const QuotaMover& quotas;
};
/// The pieces stay valid until one of the parts changes.
void save_memory(const SavedParts& parts, StateWriter& state);

/// Reads what a saved memory begins with. Errors: bad_file where it was not saved under this plan. A restore begins
/// with it; asked before a memory is made, it keeps a file from having memory booked that the file does not go with.
Status check_plan(const Plan& plan, StateReader& state);

/// What is restored into.
struct RestoredParts {
  const Plan& plan;
  Timeline& time;
  Streams& streams;
  Document& document;
  QuotaMover& quotas;
};
/// Reads what follows check_plan into empty parts. Errors: those of the reader; the parts have to be cleared then.
Status restore_memory(const RestoredParts& parts, StateReader& state);

}  // namespace brim::kv
