// See continuation.hpp.
#include "apps/eval/continuation.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/generate/logit_check.hpp"

namespace brim::apps {
namespace {

/// Calls score(position, logits) for each scored position.
template <class Score>
Status read_and_score(generate::Reader& reader, const Window& window, std::int64_t chunk, const KeepGoing& keep_going,
                      Score score) {
  const std::span<const std::int32_t> ids = window.ids;
  BRIM_TRY(read_in_chunks(reader, ids.first(window.prefix), chunk, keep_going));
  for (std::size_t at = window.prefix; at < ids.size(); ++at) {
    BRIM_ASSIGN(const std::span<const float> logits, reader.logits());
    BRIM_TRY(generate::check_logits(logits, reader.tokens()));
    score(at - window.prefix, logits, ids[at]);
    if (at + 1 == ids.size()) break;
    if (!keep_going()) return error(ErrorCode::cancelled, "measuring was stopped");
    BRIM_TRY(reader.read(ids.subspan(at, 1), {}, nullptr));
  }
  return {};
}

std::size_t likeliest(std::span<const float> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace

std::vector<float> log_softmax(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  const double log_sum = std::log(sum) + largest;
  std::vector<float> out(logits.size());
  std::transform(logits.begin(), logits.end(), out.begin(),
                 [&](float logit) { return static_cast<float>(logit - log_sum); });
  return out;
}

Status read_in_chunks(generate::Reader& reader, std::span<const std::int32_t> ids, std::int64_t chunk,
                      const KeepGoing& keep_going) {
  reader.clear();
  for (std::size_t at = 0; at < ids.size(); at += static_cast<std::size_t>(chunk)) {
    if (!keep_going()) return error(ErrorCode::cancelled, "measuring was stopped");
    BRIM_TRY(reader.read(ids.subspan(at, std::min(static_cast<std::size_t>(chunk), ids.size() - at)), {}, nullptr));
  }
  return {};
}

Result<Reference> measure_reference(generate::Reader& reader, const Window& window, std::int64_t chunk,
                                    const KeepGoing& keep_going) {
  Reference reference;
  BRIM_TRY(read_and_score(
      reader, window, chunk, keep_going, [&](std::size_t, std::span<const float> logits, std::int32_t target) {
        reference.log_probabilities.push_back(log_softmax(logits));
        reference.nll.push_back(-reference.log_probabilities.back()[static_cast<std::size_t>(target)]);
      }));
  return reference;
}

Result<Scores> measure_continuation(generate::Reader& reader, const Window& window, std::int64_t chunk,
                                    const Reference& reference, const KeepGoing& keep_going) {
  Scores scores;
  double scoring = 0;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto since = [](Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); };
  BRIM_TRY(read_and_score(reader, window, chunk, keep_going,
                          [&](std::size_t at, std::span<const float> logits, std::int32_t target) {
                            const Clock::time_point began = Clock::now();
                            const std::vector<float> own = log_softmax(logits);
                            const std::vector<float>& whole = reference.log_probabilities[at];
                            double kl = 0;
                            for (std::size_t i = 0; i < own.size(); ++i) {
                              kl += std::exp(static_cast<double>(whole[i])) * (static_cast<double>(whole[i]) - own[i]);
                            }
                            scores.nll.push_back(-own[static_cast<std::size_t>(target)]);
                            scores.kl.push_back(kl);
                            scores.top.push_back(likeliest(own) == likeliest(whole) ? 1 : 0);
                            scoring += since(began);
                          }));
  scores.seconds = since(start) - scoring;
  return scores;
}

}  // namespace brim::apps
