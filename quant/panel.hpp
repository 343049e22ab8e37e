// Panels: a matrix repacked so that sixteen rows lie side by side, as the fast products read it (quant/panels/ has each
// format's drawing). Lossless: unpack_panel_row gives exactly what unpack_row gave.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/format.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant {

/// Bytes of one panel of `cols` columns (a multiple of the format's block length): a multiple of 16, which is the
/// alignment of a panel, too.
std::size_t panel_bytes(Format format, std::int64_t cols) noexcept;

/// Panels that `rows` rows need.
static constexpr std::int64_t panel_count(std::int64_t rows) { return (rows + kPanelRows - 1) / kPanelRows; }

/// Packs `rows` ≤ 16 rows, `row_bytes` apart, into one panel; missing rows become zeros. Thread-safe.
void pack_panel(Format format, const std::byte* first_row, std::size_t row_bytes, int rows, std::int64_t cols,
                std::byte* panel) noexcept;

/// Row `row` (0 … 15) of a panel as floats. Thread-safe.
void unpack_panel_row(Format format, const std::byte* panel, int row, float* values, std::int64_t cols) noexcept;

/// The same row as the file had it: row_bytes(format, cols) bytes. Thread-safe.
void restore_panel_row(Format format, const std::byte* panel, int row, std::byte* packed, std::int64_t cols) noexcept;

}  // namespace brim::quant
