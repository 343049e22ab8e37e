// See runner.hpp.
#include "apps/bench/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/progress_line.hpp"

namespace brim::apps::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// A session processes its largest chunks only where the context is at least this long.
constexpr std::int64_t kMinContext = 2048;
/// A warm-up needs no more tokens than this to touch all memory.
constexpr std::int64_t kWarmPrompt = 512, kWarmTokens = 16;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

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
  seconds += seconds_since(start);
  return session;
}

void leave_if_interrupted() {
  if (interrupted()) throw Exception(BRIM_CANCELLED, "the run was stopped");
}

}  // namespace

Runner::Runner(const Model& model, const KvSettings& kv, std::int64_t depth, std::int64_t context, Row row,
               PeakMemory& memory, Peaks& peaks)
    : depth_(depth),
      common_(std::move(row)),
      memory_(memory),
      peaks_(peaks),
      ids_(model),
      session_(open_session(model, kv, std::max(kMinContext, context), common_.load_seconds)) {
  common_.kv_type = kv.type;
  common_.kv_budget = kv.budget;
  common_.kv_split = kv.split;
  common_.kv_keep = kv.keep;
  common_.kv_read = kv.read;
  common_.context = session_.stats().context;
}

// Evicted entries cannot come back. But where the cache is full, a token costs the same however many came before, so
// the next repetition may begin where the last one ended. Entries that only left a sliding window are processed again.
void Runner::go_to_depth() {
  if (filled_ && (session_.rewind(depth_) || session_.stats().evicted > 0)) return;
  session_.clear();
  ids_.restart();
  if (depth_ > 0) {
    status_.clear();
    ProgressLine line(fmt::format("Filling the cache with {} tokens", depth_), ProgressLine::Unit::tokens,
                      std::chrono::seconds(1));
    session_.on_progress([&line](std::int64_t done, std::int64_t total) { return line.advance(done, total); });
    session_.append(ids_.take(depth_));
    session_.on_progress({});
  }
  filled_ = true;
}

// Decode: each token's time covers one forward pass, its logits and the sampling. This includes the first token, which
// is processed as a prompt of one token.
void Runner::repeat(Row& row) {
  const bool prompt = row.test.kind == Test::Kind::prompt;
  const std::vector<std::int32_t> ids = ids_.take(prompt ? row.test.tokens : 1);
  const double before = cache_bytes();
  const auto start = Clock::now();
  session_.append(ids);
  session_.next();
  if (prompt) {
    row.seconds.push_back(seconds_since(start));
    row.first_token.push_back(row.seconds.back());
    row.board = platform::read_board();
    return;
  }
  auto last = start;
  for (std::int64_t token = 1;; ++token) {
    const auto now = Clock::now();
    row.token_seconds.push_back(std::chrono::duration<double>(now - last).count());
    last = now;
    if (token == row.test.tokens) break;
    session_.next();
  }
  row.seconds.push_back(std::chrono::duration<double>(last - start).count());
  row.board = platform::read_board();
  row.cache_bytes = (before + cache_bytes()) / 2;
}

double Runner::cache_bytes() const {
  double bytes = 0;
  for (int layer = 0; layer < session_.stats().layers; ++layer) {
    const brim_layer_stats stats = session_.layer_stats(layer);
    bytes += static_cast<double>(stats.used) * static_cast<double>(stats.entry_bytes);
  }
  double percent = 100;
  std::sscanf(common_.kv_read.c_str(), "top=%lf", &percent);
  return bytes * percent / 100;
}

Row Runner::row_of(const Test& test) const {
  Row row = common_;
  row.test = test;
  return row;
}

void Runner::hand_out(Row& row, const std::function<void(const Row&)>& add) {
  const brim_stats stats = session_.stats();
  row.kv_bytes = stats.kv_peak_bytes;
  row.kv_budget_bytes = stats.kv_budget_bytes;
  row.evicted = stats.evicted;
  row.read_peak = peaks_.read_bytes_per_second();
  row.int8_peak = peaks_.int8_operations_per_second();
  row.read_streams = peaks_.read_streams();
  row.cpu = peaks_.cpu();
  row.peak_bytes = memory_.bytes();
  status_.clear();
  add(row);
}

bool Runner::run(const Test& test, const Repetitions& repetitions, const std::function<void(const Row&)>& add) {
  const InterruptScope scope(&session_);
  Row row = row_of(test);
  peaks_.begin();
  for (int repetition = repetitions.warm_up ? 0 : 1; repetition <= repetitions.count; ++repetition) {
    const bool warm_up = repetition == 0;
    const bool goes_on = !repetitions.wait || repetitions.wait();
    leave_if_interrupted();
    if (!goes_on) return false;
    status_.show(
        fmt::format("{}, {} {}: {}", test.name(), row.threads, row.threads == 1 ? "thread" : "threads",
                    warm_up ? "warming up" : fmt::format("repetition {} of {}", repetition, repetitions.count)));
    go_to_depth();
    leave_if_interrupted();
    if (repetitions.wait) peaks_.begin();
    peaks_.measure_if_old(memory_);
    leave_if_interrupted();
    if (warm_up) {
      Row warm = row_of(test);
      warm.warm_up = true;
      warm.test.tokens = std::min(test.tokens, test.kind == Test::Kind::prompt ? kWarmPrompt : kWarmTokens);
      repeat(warm);
      if (repetitions.wait) hand_out(warm, add);
      continue;
    }
    repeat(row);
    if (repetitions.wait) {
      hand_out(row, add);
      row = row_of(test);
    }
  }
  if (!repetitions.wait) {
    peaks_.measure_if_old(memory_);
    hand_out(row, add);
  }
  return true;
}

}  // namespace brim::apps::bench
