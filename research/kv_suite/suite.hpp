// The measurement behind `brim eval --suite kv`: every arm at every ratio, on the same windows.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "research/kv_suite/arms.hpp"
#include "research/kv_suite/continuation.hpp"
#include "research/kv_suite/intervals.hpp"
#include "research/kv_suite/recall.hpp"

namespace brim::apps {

struct SuiteRequest {
  run::SequenceOptions sequence;  ///< context (the size of a window), threads and profile
  std::vector<Arm> arms;
  std::vector<double> ratios;  ///< relative to the bytes of the whole cache in the type of the splits' arms
  std::vector<Window> windows;
  std::vector<RecallDocument> recall;  ///< empty: skipped
};

/// One arm at one ratio.
struct Outcome {
  Arm arm;
  double ratio = 1;
  std::string skipped;  ///< why nothing was measured; empty: it was
  std::int64_t budget_bytes = 0, peak_bytes = 0;
  std::int64_t chunk = 0;
  Positions kl, nll_increase, same_top;  ///< means over the arm's seeds
  std::vector<double> kl_by_seed;        ///< mean KL of each
  double tokens = 0, seconds = 0;
  Positions recall;                                 ///< by document: the share found of each question's answers
  std::map<std::string, Positions> recall_by_kind;  ///< the same, of each kind of fact
  double rebases = 0;  ///< how often positions were rebased in these documents, with their last questions
  std::vector<std::size_t> window_texts, document_texts;  ///< which text each window and document was made from
  std::vector<std::int64_t> quota;                        ///< of the first seed, after the last window
  std::vector<kernels::KvTypes> types;                    ///< per layer where a split chose them, else all equal
  std::string stored;                                     ///< kv::stored_as()
  /// Every quota that was in force at the beginning and the end of a window, with rule and type: if two arms have the
  /// same, they are not distinguishable.
  std::string footprint;
};

/// Outcomes ratio by ratio, arms in their order; `full` comes once, first. `progress` is called with the numbers of
/// windows and tasks done. Errors: those of planning and prefill; cancelled.
Result<std::vector<Outcome>> run_suite(const std::shared_ptr<const model::Model>& model, const SuiteRequest& request,
                                       const Progress& progress);

}  // namespace brim::apps
