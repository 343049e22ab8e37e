// bench_instructions: runs one matrix product repeatedly on one thread; count.sh counts the instructions.
//   bench_instructions FORMAT rows|panels TOKENS TIMES [ROWS COLS]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "kernels/multiply.hpp"
#include "quant/matrix.hpp"
#include "quant/panel.hpp"
#include "quant/row.hpp"

namespace {

using namespace brim;

/// Bytes that are weights of small magnitude in every format: no infinities, no denormal arithmetic.
std::vector<std::byte> weight_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(0x10u + i % 13);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 7) {
    std::fputs("usage: bench_instructions FORMAT rows|panels TOKENS TIMES [ROWS COLS]\n", stderr);
    return 2;
  }
  const auto format = quant::format_from_name(argv[1]);
  const bool panels = std::strcmp(argv[2], "panels") == 0;
  const std::int64_t tokens = std::atoll(argv[3]), times = std::atoll(argv[4]);
  const std::int64_t rows = argc == 7 ? std::atoll(argv[5]) : 2048, cols = argc == 7 ? std::atoll(argv[6]) : 2048;
  if (!format || tokens < 1 || rows < 1 || cols < 1 || cols % quant::info(*format).block_length != 0) {
    std::fputs("bench_instructions: an unknown format, or a shape it does not come in\n", stderr);
    return 2;
  }
  const std::size_t row_bytes = quant::row_bytes(*format, cols), panel_bytes = quant::panel_bytes(*format, cols);
  // A panel's bytes in any order are valid weights too: packing them first would only take time. Panels start at a
  // cache line.
  constexpr std::size_t kLine = 64;
  const std::vector<std::byte> bytes =
      weight_bytes(kLine + (panels ? panel_bytes * static_cast<std::size_t>(quant::panel_count(rows))
                                   : row_bytes * static_cast<std::size_t>(rows)));
  quant::Matrix weights;
  weights.format = *format;
  weights.data = bytes.data() + (kLine - reinterpret_cast<std::uintptr_t>(bytes.data()) % kLine);
  weights.rows = rows;
  weights.cols = cols;
  weights.row_bytes = row_bytes;
  weights.layout = panels ? quant::Layout::panels : quant::Layout::rows;
  std::vector<float> x(static_cast<std::size_t>(tokens * cols)), out(static_cast<std::size_t>(tokens * rows));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 17) - 8;
  std::vector<std::byte> scratch(kernels::multiply_scratch_bytes(kernels::active(), cols, tokens, 1));
  for (std::int64_t i = 0; i < times; ++i) {
    kernels::multiply({kernels::active(), {}}, weights, x.data(), cols, tokens, out.data(), rows, scratch.data());
  }
  return 0;
}
