// See runner.hpp.
#include "apps/bench/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "apps/terminal/interrupts.hpp"

namespace brim::apps::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// A warm-up needs no more tokens than this to touch all memory.
constexpr std::int64_t kWarmPrompt = 512, kWarmTokens = 16;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void leave_if_interrupted() {
  if (interrupted()) throw Exception(BRIM_CANCELLED, "the run was stopped");
}

}  // namespace

Runner::Runner(const Model& model, const Beginning& beginning, Row row, PeakMemory& memory, Peaks& peaks)
    : common_(std::move(row)), memory_(memory), peaks_(peaks), sequences_(model, beginning) {
  common_.load_seconds += sequences_.seconds_to_open();
  const KvSettings& kv = beginning.kv;
  common_.kv_type = kv.type;
  common_.kv_budget = kv.budget;
  common_.kv_split = kv.split;
  common_.kv_keep = kv.keep;
  common_.kv_read = kv.read;
  common_.context = sequences_.first().stats().context;
}

// Decode: each token's time covers one forward pass, its logits and the sampling. With one sequence this includes the
// first token, which is processed as a prompt of one token; with several, which would process theirs one after the
// other, that token precedes the test.
void Runner::repeat(Row& row) {
  Session& session = sequences_.first();
  const std::int64_t count = row.test.sequences;
  if (count > 1) sequences_.begin_together(count);
  const bool prompt = row.test.kind == Test::Kind::prompt;
  const std::vector<std::int32_t> ids =
      count > 1 ? std::vector<std::int32_t>() : sequences_.ids(prompt ? row.test.tokens : 1);
  const double before = sequences_.totals(count).cache_bytes;
  const auto start = Clock::now();
  if (prompt) {
    // Called before each chunk and after the last one.
    std::vector<Clock::time_point> reports;
    session.on_progress([&reports](std::int64_t, std::int64_t) {
      reports.push_back(Clock::now());
      return true;
    });
    session.append(ids);
    session.next();
    row.seconds.push_back(seconds_since(start));
    session.on_progress({});
    row.chunk_seconds.clear();
    for (std::size_t i = 1; i < reports.size(); ++i) {
      row.chunk_seconds.push_back(std::chrono::duration<double>(reports[i] - reports[i - 1]).count());
    }
    row.first_token.push_back(row.seconds.back());
    row.board = platform::read_board();
    return;
  }
  auto last = start;
  for (std::int64_t token = 0; token < row.test.tokens; ++token) {
    if (count > 1) {
      sequences_.step_together(count);
    } else {
      if (token == 0) session.append(ids);
      session.next();
    }
    const auto now = Clock::now();
    row.token_seconds.push_back(std::chrono::duration<double>(now - last).count());
    last = now;
  }
  row.seconds.push_back(std::chrono::duration<double>(last - start).count());
  row.board = platform::read_board();
  row.cache_bytes = (before + sequences_.totals(count).cache_bytes) / 2;
}

Row Runner::row_of(const Test& test) const {
  Row row = common_;
  row.test = test;
  return row;
}

void Runner::hand_out(Row& row, const std::function<void(const Row&)>& add) {
  const Sequences::Totals totals = sequences_.totals(row.test.sequences);
  row.kv_bytes = totals.kv_peak_bytes;
  row.kv_budget_bytes = totals.kv_budget_bytes;
  row.evicted = totals.evicted;
  row.read_peak = peaks_.read_bytes_per_second();
  row.int8_peak = peaks_.int8_operations_per_second();
  row.read_streams = peaks_.read_streams();
  row.cpu = peaks_.cpu();
  row.peak_bytes = memory_.bytes();
  status_.clear();
  add(row);
}

bool Runner::run(const Test& test, const Repetitions& repetitions, const std::function<void(const Row&)>& add) {
  const InterruptScope scope(&sequences_.first());
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
    sequences_.go_to_depth(test.sequences, status_);
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
