// See sequences.hpp.
#include "apps/bench/sequences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "apps/terminal/progress_line.hpp"

namespace brim::apps::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// A session processes its largest chunks only where the context is at least this long.
constexpr std::int64_t kMinContext = 2048;

Session open_session(const Model& model, const KvSettings& kv, std::int64_t context, double& seconds) {
  const auto start = Clock::now();
  Options options;
  options.set("context", fmt::format("{}", context)).set("temperature", "0").set("stop.ignore_eos", "1");
  // The text after random tokens repeats itself: speculation would measure the repetition, not the engine.
  options.set("spec.type", "none");
  options.set("kv.type", kv.type)
      .set("kv.budget", kv.budget)
      .set("kv.split", kv.split)
      .set("kv.keep", kv.keep)
      .set("kv.read", kv.read);
  Session session(model, options);
  seconds += std::chrono::duration<double>(Clock::now() - start).count();
  return session;
}

}  // namespace

Sequences::Sequences(const Model& model, const Beginning& beginning)
    : depth_(beginning.depth), kv_read_(beginning.kv.read) {
  const std::int64_t context = std::max(kMinContext, beginning.context);
  for (std::int64_t number = 0; number < beginning.sequences; ++number) {
    all_.push_back({PromptTokens(model, number), open_session(model, beginning.kv, context, seconds_to_open_)});
  }
}

void Sequences::go_to_depth(std::int64_t count, StatusLine& status) {
  for (std::int64_t i = 0; i < count; ++i) bring_to_depth(all_[static_cast<std::size_t>(i)], status);
}

// Evicted entries cannot come back. But where the cache is full, a token costs the same however many came before, so
// the next repetition may begin where the last one ended. Entries that only left a sliding window are processed again.
void Sequences::bring_to_depth(Sequence& sequence, StatusLine& status) {
  Session& session = sequence.session;
  if (sequence.filled && (session.rewind(depth_) || session.stats().evicted > 0)) return;
  session.clear();
  sequence.ids.restart();
  if (depth_ > 0) {
    status.clear();
    ProgressLine line(fmt::format("Filling the cache with {} tokens", depth_), ProgressLine::Unit::tokens,
                      std::chrono::seconds(1));
    session.on_progress([&line](std::int64_t done, std::int64_t total) { return line.advance(done, total); });
    session.append(sequence.ids.take(depth_));
    session.on_progress({});
  }
  sequence.filled = true;
}

void Sequences::begin_together(std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    Sequence& sequence = all_[static_cast<std::size_t>(i)];
    sequence.session.append(sequence.ids.take(1));
  }
  step_together(count);
}

void Sequences::step_together(std::int64_t count) {
  std::vector<Session*> sessions;
  for (std::int64_t i = 0; i < count; ++i) sessions.push_back(&all_[static_cast<std::size_t>(i)].session);
  for (const Session::Outcome& outcome : Session::next_together(sessions)) {
    if (outcome.status != BRIM_OK) throw Exception(outcome.status, std::string(outcome.error));
    if (outcome.piece.id < 0) throw Exception(BRIM_WRONG_STATE, "a sequence ended before the test did");
  }
}

Sequences::Totals Sequences::totals(std::int64_t count) const {
  double percent = 100;
  std::sscanf(kv_read_.c_str(), "top=%lf", &percent);
  Totals totals;
  for (std::int64_t i = 0; i < count; ++i) {
    const Session& session = all_[static_cast<std::size_t>(i)].session;
    const brim_stats stats = session.stats();
    totals.kv_peak_bytes += stats.kv_peak_bytes;
    totals.kv_budget_bytes += stats.kv_budget_bytes;
    totals.evicted += stats.evicted;
    for (int layer = 0; layer < stats.layers; ++layer) {
      const brim_layer_stats held = session.layer_stats(layer);
      totals.cache_bytes += static_cast<double>(held.used) * static_cast<double>(held.entry_bytes) * percent / 100;
    }
  }
  return totals;
}

}  // namespace brim::apps::bench
