// See choose_scores.hpp.
#include "engine/run/choose_scores.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/quote.hpp"

namespace brim::run {

Status choose_scores(const model::Config& config, const std::string& fingerprint, const model::FoundScores& carried,
                     SequenceOptions& options) {
  if (options.scores) return {};
  if (options.keep->needs().measure != kv::EntryMeasure::learned) {
    if (options.scores_path.empty()) return {};
    return error(ErrorCode::invalid_argument, "kv.scores=", quoted(options.scores_path),
                 " has no effect with kv.keep=", options.keep->name(), ": expected kv.keep=learned, or no kv.scores");
  }
  if (!options.scores_path.empty()) {
    BRIM_ASSIGN(options.scores, model::read_scores(options.scores_path, config, fingerprint));
    return {};
  }
  options.scores = carried.scores;
  return {};
}

Status check_needed_scores(const SequenceOptions& options) {
  if (options.keep->needs().measure != kv::EntryMeasure::learned || options.scores) return {};
  return error(ErrorCode::invalid_argument, "kv.keep=", options.keep->name(), " needs scores of the model's entries, ",
               "and there are none: brim calibrate MODEL -f TEXT --keep-scores FILE measures them, and kv.scores=FILE ",
               "names them");
}

void mark_scored(kv::Shape& shape, const kv::LearnedScores* scores) {
  for (const kv::StreamId stream : kv::ids_up_to<kv::StreamId>(shape.layers.size())) {
    shape.layers[kv::index_of(stream)].scored = scores != nullptr && scores->usable(shape.place(stream).layer);
  }
}

std::string scores_remark(const kv::Plan& plan) {
  if (plan.needs.measure != kv::EntryMeasure::learned || plan.budget_bytes >= plan.full_bytes) return {};
  const std::vector<kv::StreamShape>& streams = plan.shape.layers;
  const auto left = std::count_if(streams.begin(), streams.end(), [](const auto& stream) { return !stream.scored; });
  if (left == 0) return {};
  return sentence("learned scores explain less than ", kv::kMinScoreR2, " of the variance in ", left, " of ",
                  streams.size(), plan.shape.apart ? " heads" : " layers", ": there kv.keep=distinct decides");
}

}  // namespace brim::run
