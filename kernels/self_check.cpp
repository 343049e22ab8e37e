// See self_check.hpp. Weights are multiples of 1/16 below 1/2, activations are multiples of 1/8 below 1: every product
// and sum is exactly a float, so nothing is rounded on the way.
#include "kernels/self_check.hpp"

#include <cstring>
#include <vector>

#include "quant/format.hpp"
#include "quant/formats/bf16.hpp"
#include "quant/formats/q8_0.hpp"
#include "quant/panel.hpp"
#include "quant/row.hpp"

namespace brim::kernels {
namespace {

// A pair of panels and a panel with a single row, two tiles of tokens and one that overlaps.
constexpr std::int64_t kRows = 33, kColumns = 96, kTokens = 35;

int level(std::int64_t row, std::int64_t column) { return static_cast<int>((7 * row + 5 * column) % 15) - 7; }
int step(std::int64_t token, std::int64_t column) { return static_cast<int>((3 * token + column) % 13) - 6; }

std::vector<std::byte> packed_rows(quant::Format format) {
  std::vector<std::byte> bytes(kRows * quant::row_bytes(format, kColumns));
  for (std::int64_t row = 0; row < kRows; ++row) {
    std::byte* at = bytes.data() + static_cast<std::size_t>(row) * quant::row_bytes(format, kColumns);
    for (std::int64_t c = 0; c < kColumns; c += quant::info(format).block_length) {
      if (format == quant::Format::q8_0) {
        quant::q8_0::Block block;
        block.scale = {{0x00, 0x2c}};  // 1/16
        for (int i = 0; i < 32; ++i) block.quants[i] = static_cast<std::int8_t>(level(row, c + i));
        std::memcpy(at, &block, sizeof block);
        at += sizeof block;
      } else {
        quant::bf16::Block block;
        const float value = static_cast<float>(level(row, c)) / 16;
        quant::bf16::pack(&value, block);
        std::memcpy(at, &block, sizeof block);
        at += sizeof block;
      }
    }
  }
  return bytes;
}

bool is_right(const Table& table, quant::Format format) {
  const auto product = table.panel_gemm[static_cast<std::size_t>(format)];
  if (product == nullptr) return true;
  const std::size_t row_bytes = quant::row_bytes(format, kColumns), panel_bytes = quant::panel_bytes(format, kColumns);
  const std::vector<std::byte> rows = packed_rows(format);
  constexpr std::int64_t kPanels = quant::panel_count(kRows);
  constexpr std::size_t kLine = 64, kStride = activation_bytes(Activation::bf16, kColumns);
  std::vector<std::byte> panels(kPanels * panel_bytes), activations(kTokens * kStride),
      scratch(kGemmScratchBytes + kLine);
  for (std::int64_t panel = 0; panel < kPanels; ++panel) {
    const std::int64_t row = panel * quant::kPanelRows, left = kRows - row;
    quant::pack_panel(format, rows.data() + static_cast<std::size_t>(row) * row_bytes, row_bytes,
                      static_cast<int>(left < quant::kPanelRows ? left : quant::kPanelRows), kColumns,
                      panels.data() + static_cast<std::size_t>(panel) * panel_bytes);
  }
  for (std::int64_t token = 0; token < kTokens; ++token) {
    float values[kColumns];
    for (std::int64_t c = 0; c < kColumns; ++c) values[c] = static_cast<float>(step(token, c)) / 8;
    table.prepare[static_cast<int>(Activation::bf16)](values, kColumns,
                                                      activations.data() + static_cast<std::size_t>(token) * kStride);
  }
  std::vector<float> out(kTokens * kRows, -1.0f);
  PanelProduct p{panels.data(), panel_bytes, kRows, kColumns, activations.data(), kStride, kTokens, out.data(), kRows};
  p.scratch = scratch.data() + (kLine - reinterpret_cast<std::uintptr_t>(scratch.data()) % kLine) % kLine;
  product(p);
  for (std::int64_t token = 0; token < kTokens; ++token) {
    for (std::int64_t row = 0; row < kRows; ++row) {
      int sum = 0;
      for (std::int64_t c = 0; c < kColumns; ++c) sum += level(row, c) * step(token, c);
      if (out[static_cast<std::size_t>(token * kRows + row)] != static_cast<float>(sum) / 128) return false;
    }
  }
  return true;
}

}  // namespace

bool gemm_is_right(const Table& table) {
  return is_right(table, quant::Format::q8_0) && is_right(table, quant::Format::bf16);
}

}  // namespace brim::kernels
