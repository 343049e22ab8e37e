// See continuation.hpp.
#include "research/kv_suite/continuation.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "apps/loops/parallel_for.hpp"
#include "engine/generate/logit_check.hpp"

namespace brim::apps {
namespace {

using Clock = std::chrono::steady_clock;

/// Number of positions whose logits are scored together: this many rows of the vocabulary are kept, whatever the
/// threads.
constexpr std::size_t kTogether = 16;

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

void to_log_softmax(std::span<float> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const float value : values) sum += std::exp(value - largest);
  const double log_sum = std::log(sum) + largest;
  for (float& value : values) value = static_cast<float>(value - log_sum);
}

/// Calls score(position, logarithms of the probabilities, id that follows) for each scored position, in any order and
/// on several threads. Returns the seconds that scoring took.
template <class Score>
Result<double> read_and_score(run::Sequence& sequence, const Window& window, std::int64_t chunk, int threads,
                              const KeepGoing& keep_going, Score score) {
  const std::span<const std::int32_t> ids = window.ids;
  BRIM_TRY(read_in_chunks(sequence, ids.first(window.prefix), chunk, keep_going));
  std::vector<std::vector<float>> rows(threads > 1 ? kTogether : 1);
  std::size_t first = window.prefix;  // position of the first row
  double seconds = 0;
  for (std::size_t at = first; at < ids.size(); ++at) {
    BRIM_ASSIGN(const std::span<const float> logits, sequence.logits());
    BRIM_TRY(generate::check_logits(logits, sequence.tokens()));
    rows[at - first].assign(logits.begin(), logits.end());
    const bool last = at + 1 == ids.size();
    if (const std::size_t count = at + 1 - first; last || count == rows.size()) {
      const Clock::time_point start = Clock::now();
      parallel_for(threads, static_cast<std::int64_t>(count), [&](std::int64_t row, int) {
        const auto index = static_cast<std::size_t>(row);
        to_log_softmax(rows[index]);
        score(first + index - window.prefix, rows[index], ids[first + index]);
      });
      seconds += seconds_since(start);
      first = at + 1;
    }
    if (last) break;
    if (!keep_going()) return error(ErrorCode::cancelled, "measuring was stopped");
    BRIM_TRY(sequence.read(ids.subspan(at, 1), {}, nullptr));
  }
  return seconds;
}

std::size_t argmax(std::span<const float> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace

std::vector<float> log_softmax(std::span<const float> logits) {
  std::vector<float> out(logits.begin(), logits.end());
  to_log_softmax(out);
  return out;
}

Status read_in_chunks(run::Sequence& sequence, std::span<const std::int32_t> ids, std::int64_t chunk,
                      const KeepGoing& keep_going) {
  sequence.clear();
  return read_on_in_chunks(sequence, ids, chunk, keep_going);
}

Status read_on_in_chunks(run::Sequence& sequence, std::span<const std::int32_t> ids, std::int64_t chunk,
                         const KeepGoing& keep_going) {
  for (std::size_t at = 0; at < ids.size(); at += static_cast<std::size_t>(chunk)) {
    if (!keep_going()) return error(ErrorCode::cancelled, "measuring was stopped");
    BRIM_TRY(sequence.read(ids.subspan(at, std::min(static_cast<std::size_t>(chunk), ids.size() - at)), {}, nullptr));
  }
  return {};
}

Result<Reference> measure_reference(run::Sequence& sequence, const Window& window, std::int64_t chunk, int threads,
                                    const KeepGoing& keep_going) {
  Reference reference;
  reference.log_probabilities.resize(window.ids.size() - window.prefix);
  reference.nll.resize(reference.log_probabilities.size());
  BRIM_TRY(read_and_score(sequence, window, chunk, threads, keep_going,
                          [&](std::size_t at, std::vector<float>& row, std::int32_t target) {
                            reference.nll[at] = -row[static_cast<std::size_t>(target)];
                            reference.log_probabilities[at] = std::move(row);
                          }));
  return reference;
}

Result<Scores> measure_continuation(run::Sequence& sequence, const Window& window, std::int64_t chunk, int threads,
                                    const Reference& reference, const KeepGoing& keep_going) {
  const std::size_t count = window.ids.size() - window.prefix;
  Scores scores{std::vector<double>(count), std::vector<double>(count), std::vector<char>(count)};
  const Clock::time_point start = Clock::now();
  const auto score = [&](std::size_t at, const std::vector<float>& own, std::int32_t target) {
    const std::vector<float>& whole = reference.log_probabilities[at];
    double kl = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
      kl += std::exp(static_cast<double>(whole[i])) * (static_cast<double>(whole[i]) - own[i]);
    }
    scores.nll[at] = -own[static_cast<std::size_t>(target)];
    scores.kl[at] = kl;
    scores.top[at] = argmax(own) == argmax(whole) ? 1 : 0;
  };
  BRIM_ASSIGN(const double scoring, read_and_score(sequence, window, chunk, threads, keep_going, score));
  scores.seconds = seconds_since(start) - scoring;
  return scores;
}

}  // namespace brim::apps
