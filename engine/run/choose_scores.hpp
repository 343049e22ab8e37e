// Which learned scores a sequence uses, if its rule needs them.
#pragma once

#include <string>

#include "engine/kv/plan.hpp"
#include "engine/model/score_file.hpp"
#include "engine/run/memory_plan.hpp"

namespace brim::run {

/// Sets options.scores, where the rule needs them and they are not given: those at options.scores_path, or else
/// `carried`, which may be none. Errors: those of model::read_scores.
Status choose_scores(const model::Config& config, const std::string& fingerprint, const model::FoundScores& carried,
                     SequenceOptions& options);

/// Errors: invalid_argument, with what to run, where the rule needs scores and there are none.
Status check_needed_scores(const SequenceOptions& options);

/// Marks the streams of `shape` whose layers `scores` knows well enough; null: none.
void mark_scored(kv::Shape& shape, const kv::LearnedScores* scores);

/// Where the scores of some layers predict too little, one sentence that says which rule decides there; otherwise empty.
std::string scores_remark(const kv::Plan& plan);

}  // namespace brim::run
