// A separate, simple gemm for the rows of prompts, so that the roles of rows can be tested on machines whose kernels
// have none: weights and activations are rounded to bf16, and sums are in the order of columns.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/table.hpp"
#include "quant/half.hpp"
#include "quant/panel.hpp"

namespace brim::test {

/// Calls with too few rows, for which a set's own kernels would not be correct.
inline std::atomic<int> plain_gemm_faults{0};

template <quant::Format format>
void plain_gemm(const kernels::PanelProduct& p) noexcept {
  if (p.tokens <= kernels::kFewTokens || p.scratch == nullptr) plain_gemm_faults.fetch_add(1);
  std::vector<float> row(static_cast<std::size_t>(p.cols));
  for (std::int64_t r = 0; r < p.rows; ++r) {
    const std::byte* panel = p.panels + static_cast<std::size_t>(r / quant::kPanelRows) * p.panel_bytes;
    quant::unpack_panel_row(format, panel, static_cast<int>(r % quant::kPanelRows), row.data(), p.cols);
    for (std::int64_t t = 0; t < p.tokens; ++t) {
      const auto* x =
          reinterpret_cast<const std::uint16_t*>(p.activations + static_cast<std::size_t>(t) * p.activation_stride);
      float sum = 0;
      for (std::int64_t c = 0; c < p.cols; ++c) {
        sum += quant::bf16_to_f32(quant::f32_to_bf16(row[static_cast<std::size_t>(c)])) * quant::bf16_to_f32(x[c]);
      }
      p.out[t * p.out_stride + r] = sum;
    }
  }
}

/// `table` with this gemm for every format that may have one.
inline kernels::Table with_plain_gemm(kernels::Table table) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((table.panel_gemm[I] = &plain_gemm<static_cast<quant::Format>(I)>), ...);
  }
  (std::make_index_sequence<quant::kFormatCount>());
  for (const quant::Format exact : {quant::Format::f32, quant::Format::f16}) {
    table.panel_gemm[static_cast<std::size_t>(exact)] = nullptr;
  }
  return table;
}

}  // namespace brim::test
