// See peaks.hpp. Plain loads are wide enough: even at 16 bytes at a time a core requests more than memory delivers.
#include "kernels/peaks.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <utility>

#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

namespace brim::kernels {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLine = 64;
/// Bytes that one stream reads at a time: not a power of two, or all streams would map to the same set of the caches.
constexpr std::int64_t kStreamBytes = 128 * 1024 + 5 * kLine;
constexpr std::int64_t kAhead = 16 * kLine;  ///< prefetch distance in bytes
constexpr int kPasses = 5;
constexpr std::size_t kMinBuffer = std::size_t{32} << 20;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Reads one line of every stream after the other. Returns a value that depends on every byte.
template <int streams, bool ahead>
std::uint64_t read_chunk(const std::byte* chunk) noexcept {
  std::uint64_t sums[8] = {};
  for (std::int64_t at = 0; at < kStreamBytes; at += kLine) {
    for (int stream = 0; stream < streams; ++stream) {
      const std::byte* const line = chunk + stream * kStreamBytes + at;
      if constexpr (ahead) __builtin_prefetch(line + kAhead);
      std::uint64_t words[8];
      std::memcpy(words, line, sizeof words);
      for (int i = 0; i < 8; ++i) sums[i] ^= words[i];
    }
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t part : sums) sum ^= part;
  return sum;
}

struct Way {
  int streams;
  std::uint64_t (*read)(const std::byte* chunk) noexcept;
};
constexpr Way kWays[] = {
    {1, read_chunk<1, false>},   {2, read_chunk<2, false>},   {4, read_chunk<4, false>},  {8, read_chunk<8, false>},
    {16, read_chunk<16, false>}, {32, read_chunk<32, false>}, {1, read_chunk<1, true>},   {2, read_chunk<2, true>},
    {4, read_chunk<4, true>},    {8, read_chunk<8, true>},    {16, read_chunk<16, true>}, {32, read_chunk<32, true>},
};

/// The median of `runs` calls of measure(), at most 15.
template <class Measure>
double median_of(int runs, Measure measure) noexcept {
  double found[15];
  for (int run = 0; run < runs; ++run) found[run] = measure();
  std::sort(found, found + runs);
  return found[runs / 2];
}

/// The result of what is read and multiplied here must look used to the compiler.
std::atomic<std::uint64_t> sink;

}  // namespace

ReadPeak measure_read(Threads threads, std::span<const std::byte> buffer) noexcept {
  if (buffer.size() < kMinBuffer) return {};
  const auto rate = [&](const Way& way) {
    const std::int64_t chunk_bytes = way.streams * kStreamBytes;
    // Prefetching may pass the end of a chunk, so the last chunk ends before the end of the buffer.
    const std::int64_t chunks = (static_cast<std::int64_t>(buffer.size()) - kAhead) / chunk_bytes;
    const auto start = Clock::now();
    for_chunks(threads, chunks, [&](std::int64_t chunk, int) {
      sink.fetch_xor(way.read(buffer.data() + chunk * chunk_bytes), std::memory_order_relaxed);
    });
    return static_cast<double>(chunks * chunk_bytes) / seconds_since(start);
  };
  // Measures every way once, then repeats the fastest few until their medians are known.
  constexpr std::size_t kWayCount = std::size(kWays), kFinalists = 3;
  std::pair<double, const Way*> tried[kWayCount];
  for (std::size_t i = 0; i < kWayCount; ++i) tried[i] = {rate(kWays[i]), &kWays[i]};
  std::sort(std::begin(tried), std::end(tried), std::greater<>());
  ReadPeak best;
  for (std::size_t i = 0; i < kFinalists; ++i) {
    const double found = median_of(kPasses, [&] { return rate(*tried[i].second); });
    if (found > best.bytes_per_second) best = {found, tried[i].second->streams};
  }
  return best;
}

double measure_int8(Runtime runtime) noexcept {
  const auto operations = runtime.table.int8_operations;
  const Threads threads = runtime.threads;
  // Enough rounds to keep one thread busy for about a millisecond.
  std::int64_t rounds = 64;
  for (;;) {
    const auto start = Clock::now();
    operations(rounds);
    if (seconds_since(start) > 1e-3 || rounds > (std::int64_t{1} << 40)) break;
    rounds *= 2;
  }
  const std::int64_t chunks = 8 * static_cast<std::int64_t>(threads.count);
  return median_of(5, [&] {
    std::atomic<std::int64_t> done{0};
    const auto start = Clock::now();
    for_chunks(threads, chunks,
               [&](std::int64_t, int) { done.fetch_add(operations(rounds), std::memory_order_relaxed); });
    return static_cast<double>(done.load()) / seconds_since(start);
  });
}

}  // namespace brim::kernels
