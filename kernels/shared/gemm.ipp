// Products of panels with many tokens in bf16 (gemm), written once for every set with tiles: a pair of panels is
// unpacked to bf16 as far as the scratch can hold it, and all tokens are multiplied by it before the next depth is
// unpacked; the sums stay in tiles for that whole depth.
//
// A tile of weights is 32 columns of a panel: 16 rows of 64 bytes, where row i holds columns 2 i and 2 i + 1 of the
// panel's sixteen rows side by side. A tile of activations is 16 tokens by 32 columns, read in place. A tile of sums is
// 16 tokens by the panel's rows, written to the output directly. At the edges, sums are written to a buffer and copied.
// An edge is the last panel, if it has fewer rows, and the last tile of tokens, which begins sixteen tokens before the
// end, so that every tile has the full size.
//
// Every (row, token) is added up in the order of its columns, in ranges that end at multiples of Tiles::kDepth: no
// tile, panel or number of tokens changes a bit.
//
// Tiles is how a set multiplies:
//   kDepth                     columns that are unpacked at once, a multiple of 256, at most kGemmDepth
//   Session                    lives as long as a product
//   multiply<kDeep, kWide>()   a TileBlock of that many token tiles and panels
// Lanes is how a set unpacks; besides what panel_formats.ipp requires, it has:
//   Spread, spread<kBits>()    turns levels of a format into values, for sixteen rows
//   put_columns<kBits>()       four columns' levels to two rows of a tile
//   put_pair()                 two columns of bf16 values to one row of a tile
#pragma once

#include "kernels/shared/constants.ipp"
#include "kernels/shared/panel_formats.ipp"
#include "quant/panel.hpp"

namespace brim::kernels {
namespace {

constexpr std::int64_t kTileTokens = 16, kTileColumns = 32, kTileBytes = 1024;

/// Token tiles times panels, over some columns.
struct TileBlock {
  const std::byte* tokens[2];   ///< first row of each token tile
  std::size_t token_stride;     ///< bytes from one token to the next
  const std::byte* weights[2];  ///< each panel's tiles, one after another
  std::int64_t steps;           ///< number of tiles of each panel
  struct Sums {
    float* at;
    std::int64_t stride;  ///< floats from one token to the next
  } sums[2][2];           ///< [token tile][panel]
  bool first;             ///< sums begin at zero instead of their current values
};

/// Unpacks a quantised format. `from` and `cols` are multiples of the number of columns of its slab.
template <class Lanes, class Format>
struct UnpackLevels {
  static void columns(const std::byte* panel, std::int64_t from, std::int64_t cols, std::byte* to) {
    constexpr int kGroups = 8 / Format::kScales;
    constexpr std::int64_t kSlabColumns = 32 * Format::kSpans;
    const auto* slab = reinterpret_cast<const typename Format::Slab*>(panel) + from / kSlabColumns;
    for (std::int64_t s = 0; s < cols / kSlabColumns; ++s, ++slab) {
      const typename Format::Super super = Format::super(*slab, 0);
#pragma GCC unroll 1
      for (int part = 0; part < Format::kSpans; ++part, to += kTileBytes) {
        for_constants<0, Format::kScales>([&](auto half) __attribute__((always_inline)) {
          constexpr int kHalf = decltype(half)::value;
          const auto scale = Format::scale(*slab, super, part, kHalf, 0);
          auto minimum = Lanes::zero_floats();
          if constexpr (Format::kMinimum) minimum = Format::minimum(*slab, super, part, kHalf, 0);
          const auto spread = Lanes::template spread<Format::kBits>(scale, Format::kOffset, minimum);
          for_constants<kHalf * kGroups, (kHalf + 1) * kGroups>([&](auto group) __attribute__((always_inline)) {
            constexpr int kGroup = decltype(group)::value;
            Lanes::template put_columns<Format::kBits>(Format::template group<kGroup>(*slab, part, 0), spread,
                                                       to + 128 * kGroup);
          });
        });
      }
    }
  }
};

/// BF16 only has to be reordered, and padded with zeros.
template <class Lanes>
struct UnpackBf16 {
  static void columns(const std::byte* panel, std::int64_t from, std::int64_t cols, std::byte* to) {
    constexpr std::int64_t kColumnBytes = quant::kPanelRows * 2;
    panel += from * kColumnBytes;
    std::int64_t c = 0;
    for (; c + 2 <= cols; c += 2) Lanes::put_pair(panel + c * kColumnBytes, to + c * kColumnBytes);
    if (c < cols) {
      alignas(64) std::byte last[2 * kColumnBytes] = {};
      __builtin_memcpy(last, panel + c * kColumnBytes, kColumnBytes);
      Lanes::put_pair(last, to + c * kColumnBytes);
      c += 2;
    }
    const std::int64_t end = (cols + kTileColumns - 1) / kTileColumns * kTileColumns;
    __builtin_memset(to + c * kColumnBytes, 0, static_cast<std::size_t>((end - c) * kColumnBytes));
  }
};

template <class Tiles, class Unpack>
struct GemmKernel {
  static constexpr std::int64_t kRows = quant::kPanelRows;
  static_assert(Tiles::kDepth <= kGemmDepth && Tiles::kDepth % 256 == 0);

  /// Multiplies columns [from, from + 32 · steps) of token tiles from `tile` on with panels from `panel` on.
  template <int kDeep, int kWide>
  static void block(const PanelProduct& p, std::int64_t from, std::int64_t steps, std::int64_t tile,
                    std::int64_t panel) {
    float aside[kDeep][kWide][kTileTokens * kRows];
    TileBlock made;
    made.token_stride = p.activation_stride;
    made.steps = steps;
    made.first = from == 0;
    for (int w = 0; w < kWide; ++w) made.weights[w] = p.scratch + w * (Tiles::kDepth / kTileColumns * kTileBytes);
    /// Calls each(buffered sums, their destination, tokens, rows) for every tile of sums that is not used whole.
    const auto for_edges = [&](auto each) __attribute__((always_inline)) {
      for (int d = 0; d < kDeep; ++d) {
        const std::int64_t begin = (tile + d) * kTileTokens;
        const std::int64_t first = begin + kTileTokens <= p.tokens ? begin : p.tokens - kTileTokens;
        made.tokens[d] = p.activations + static_cast<std::size_t>(first) * p.activation_stride + from * 2;
        for (int w = 0; w < kWide; ++w) {
          const std::int64_t row = (panel + w) * kRows, left = p.rows - row;
          made.sums[d][w] = {p.out + first * p.out_stride + row, p.out_stride};
          if (begin == first && left >= kRows) continue;
          each(aside[d][w] + (begin - first) * kRows, p.out + begin * p.out_stride + row, kTileTokens - (begin - first),
               left < kRows ? left : kRows);
          made.sums[d][w] = {aside[d][w], kRows};
        }
      }
    };
    for_edges([&](float* sums, const float* out, std::int64_t tokens, std::int64_t rows) {
      if (made.first) return;
      for (std::int64_t t = 0; t < tokens; ++t) {
        __builtin_memcpy(sums + t * kRows, out + t * p.out_stride, static_cast<std::size_t>(rows) * sizeof(float));
      }
    });
    Tiles::template multiply<kDeep, kWide>(made);
    for_edges([&](const float* sums, float* out, std::int64_t tokens, std::int64_t rows) {
      for (std::int64_t t = 0; t < tokens; ++t) {
        __builtin_memcpy(out + t * p.out_stride, sums + t * kRows, static_cast<std::size_t>(rows) * sizeof(float));
      }
    });
  }

  template <int kWide>
  static void panels(const PanelProduct& p, std::int64_t from, std::int64_t panel) {
    const std::int64_t cols = p.cols - from < Tiles::kDepth ? p.cols - from : Tiles::kDepth;
    const std::int64_t steps = (cols + kTileColumns - 1) / kTileColumns;
    const std::int64_t tiles = (p.tokens + kTileTokens - 1) / kTileTokens;
    for (int w = 0; w < kWide; ++w) {
      Unpack::columns(p.panels + static_cast<std::size_t>(panel + w) * p.panel_bytes, from, cols,
                      p.scratch + w * (Tiles::kDepth / kTileColumns * kTileBytes));
    }
    std::int64_t tile = 0;
    for (; tile + 2 <= tiles; tile += 2) block<2, kWide>(p, from, steps, tile, panel);
    if (tile < tiles) block<1, kWide>(p, from, steps, tile, panel);
  }

  static void product(const PanelProduct& p) noexcept {
    [[maybe_unused]] const typename Tiles::Session session;
    const std::int64_t count = quant::panel_count(p.rows);
    // All panels before the next columns: the tokens' share of these columns stays in the second-level cache.
    for (std::int64_t from = 0; from < p.cols; from += Tiles::kDepth) {
      std::int64_t panel = 0;
      for (; panel + 2 <= count; panel += 2) panels<2>(p, from, panel);
      if (panel < count) panels<1>(p, from, panel);
    }
  }
};

/// The gemm kernel of BF16.
template <class Tiles, class Lanes>
void fill_gemm_bf16(Table& table) {
  table.panel_gemm[static_cast<int>(quant::Format::bf16)] = GemmKernel<Tiles, UnpackBf16<Lanes>>::product;
}

/// The gemm kernel of every quantised format.
template <class Tiles, class Lanes>
void fill_gemm_quantised(Table& table) {
  const auto entry = [&](quant::Format format, void (*function)(const PanelProduct&) noexcept) {
    table.panel_gemm[static_cast<int>(format)] = function;
  };
  using quant::Format;
  entry(Format::q4_0, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ4_0<Lanes>>>::product);
  entry(Format::q4_1, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ4_1<Lanes>>>::product);
  entry(Format::q5_0, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ5_0<Lanes>>>::product);
  entry(Format::q5_1, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ5_1<Lanes>>>::product);
  entry(Format::q8_0, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ8_0<Lanes>>>::product);
  entry(Format::iq4_nl, GemmKernel<Tiles, UnpackLevels<Lanes, PanelIq4Nl<Lanes>>>::product);
  entry(Format::q2_k, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ2K<Lanes>>>::product);
  entry(Format::q3_k, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ3K<Lanes>>>::product);
  entry(Format::q4_k, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ4K<Lanes>>>::product);
  entry(Format::q5_k, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ5K<Lanes>>>::product);
  entry(Format::q6_k, GemmKernel<Tiles, UnpackLevels<Lanes, PanelQ6K<Lanes>>>::product);
  entry(Format::iq4_xs, GemmKernel<Tiles, UnpackLevels<Lanes, PanelIq4Xs<Lanes>>>::product);
}

}  // namespace
}  // namespace brim::kernels
