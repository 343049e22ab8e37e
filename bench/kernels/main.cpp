// bench_kernels: how fast the machine's kernels multiply, by weight format — from memory, as decoding does, and for several
// tokens, as reading a prompt does — beside how fast memory can be read at all. Medians of plain clock readings; on a
// shared machine only ratios within one run count.
//   bench_kernels [threads [megabytes [format…]]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "kernels/multiply.hpp"
#include "kernels/threads.hpp"
#include "quant/format.hpp"

namespace {

using namespace brim;
constexpr std::int64_t kCols = 2048;
constexpr std::int64_t kMatrixRows = 8192;  ///< rows of one matrix: a feed-forward matrix of a 1B model
constexpr std::int64_t kPromptTokens = 128;

/// The median seconds of five runs of `work`, after one that does not count.
template <class Work>
double median_seconds(Work work) {
  std::vector<double> seconds;
  for (int run = 0; run < 6; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (run > 0) seconds.push_back(took.count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

/// Bytes that are weights of small magnitude in every format: no infinities, no denormal arithmetic.
std::vector<std::byte> weight_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(0x10u + i % 13);
  return bytes;
}

/// Reads everything once with eight streams a chunk; returns something that depends on all of it.
std::uint64_t read_all(int threads, const std::vector<std::byte>& bytes) {
  constexpr std::int64_t kChunk = 1 << 20;
  constexpr std::size_t kStreams = 8, kPart = kChunk / kStreams;
  const std::int64_t chunks = static_cast<std::int64_t>(bytes.size()) / kChunk;
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(chunks));
  kernels::for_chunks(threads, chunks, [&](std::int64_t chunk, int) {
    std::uint64_t sum[kStreams] = {};
    const std::byte* at = bytes.data() + chunk * kChunk;
    for (std::size_t i = 0; i < kPart; i += 8) {
      for (std::size_t s = 0; s < kStreams; ++s) {
        std::uint64_t word;
        std::memcpy(&word, at + s * kPart + i, 8);
        sum[s] ^= word;
      }
    }
    for (std::uint64_t part : sum) sums[static_cast<std::size_t>(chunk)] ^= part;
  });
  std::uint64_t all = 0;
  for (std::uint64_t sum : sums) all ^= sum;
  return all;
}

void measure(quant::Format format, int threads, const std::vector<std::byte>& bytes) {
  const std::size_t row_bytes = quant::row_bytes(format, kCols);
  const auto rows = static_cast<std::int64_t>(bytes.size() / row_bytes) / kMatrixRows * kMatrixRows;
  const quant::Matrix weights{format, bytes.data(), rows, kCols, row_bytes};
  const std::vector<float> x(static_cast<std::size_t>(kCols * kPromptTokens), 0.25f);
  std::vector<float> out(static_cast<std::size_t>(kMatrixRows * kPromptTokens));
  std::vector<std::byte> scratch(kernels::multiply_scratch_bytes(kCols, kPromptTokens));
  const double decode = median_seconds([&] {
    for (std::int64_t first = 0; first < rows; first += kMatrixRows) {
      kernels::multiply(threads, weights.slice(first, kMatrixRows), x.data(), kCols, 1, out.data(), kMatrixRows, scratch.data());
    }
  });
  const double prompt = median_seconds([&] {
    kernels::multiply(threads, weights.slice(0, kMatrixRows), x.data(), kCols, kPromptTokens, out.data(), kMatrixRows, scratch.data());
  });
  const double gigabytes = static_cast<double>(row_bytes) * static_cast<double>(rows) / 1e9;
  const double operations = 2.0 * static_cast<double>(kCols * kMatrixRows * kPromptTokens);
  std::printf("%-8s %14.1f %18.0f\n", std::string(quant::info(format).name).c_str(), gigabytes / decode, operations / prompt / 1e9);
}

}  // namespace

int main(int count, char** words) {
  const int threads = count > 1 ? std::max(1, std::atoi(words[1])) : kernels::default_threads();
  const int megabytes = count > 2 ? std::max(128, std::atoi(words[2])) : 512;
  const std::vector<std::byte> bytes = weight_bytes(static_cast<std::size_t>(megabytes) << 20);
  volatile std::uint64_t kept = 0;
  const double seconds = median_seconds([&] { kept = kept ^ read_all(threads, bytes); });
  std::printf("%s, set %s, %d threads; memory read with 8 streams a thread: %.1f GB/s\n", kernels::this_machine().name.c_str(),
              std::string(kernels::active_set()).c_str(), threads, static_cast<double>(bytes.size()) / seconds / 1e9);
  std::printf("%-8s %14s %18s\n", "format", "1 token, GB/s", "128 tokens, GOP/s");
  if (count > 3) {
    for (int word = 3; word < count; ++word) {
      const auto format = quant::format_from_name(words[word]);
      if (!format) {
        std::fprintf(stderr, "bench_kernels: %s is no weight format\n", words[word]);
        return 2;
      }
      measure(*format, threads, bytes);
    }
    return 0;
  }
  for (int f = 0; f < quant::kFormatCount; ++f) measure(static_cast<quant::Format>(f), threads, bytes);
  return 0;
}
