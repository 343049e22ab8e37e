// Products of quantised panels with Q16Block activations, written once for every set. One step is a group of four
// columns: a vector of weights — four of each of Lanes::kRows rows — times four activations of a token, their high
// bytes and their low bytes, into two vectors of exact integer sums, one lane per row. After 16 or 32 columns the two
// sums become one integer, which is multiplied by its scales in float. Everything before that is exact, and after it
// each (row, token) is added up in the order of its columns, so no tile, set of rows or number of tokens changes a bit.
//
// Lanes has, besides what panel_formats.ipp requires, Ints and
//   kVectors × kTokens   the tile for many tokens: a panel's vectors or some of them, or several panels',
//   kStreams             panels at once for one or two tokens, each with all its vectors: a whole line of memory is
//                        used while it is in the first-level cache,
//   kTogether            (if not all) vectors of a tile that share registers; the others follow later in each step,
//   Sums<Format>         whole(): the exact sums of 16 or 32 columns, with offsets subtracted — those of byte_sums.ipp,
//                        of word_sums.ipp, or of the set.
#pragma once

#include "kernels/shared/constants.ipp"
#include "kernels/shared/panel_formats.ipp"
#include "quant/panel.hpp"

namespace brim::kernels {
namespace {

template <class Lanes, class Format>
struct PanelKernel {
  using Ints = typename Lanes::Ints;
  using Floats = typename Lanes::Floats;
  using Slab = typename Format::Slab;
  static constexpr int kRows = Lanes::kRows;
  static constexpr int kPerPanel = quant::kPanelRows / kRows;

  /// The place of one vector: rows from `row` on of a panel.
  struct Place {
    const std::byte* panel;
    int row;
  };

  /// Vectors of a tile of kMany that share registers.
  template <int kMany>
  static constexpr int together() {
    if constexpr (requires { Lanes::kTogether; }) return kMany < Lanes::kTogether ? kMany : Lanes::kTogether;
    return kMany;
  }

  /// 16 or 32 columns of one part.
  template <int kHalf, int kVectors, int kTokens>
  static inline __attribute__((always_inline)) void step(const Slab* const* slabs, int part, const int* rows,
                                                         const typename Format::Super* supers, const Q16Block* const* x,
                                                         Floats (*sums)[kTokens]) {
    Ints whole[kVectors][kTokens];
    Lanes::template Sums<Format>::template whole<kHalf>(slabs, part, rows, x, whole);
    for (int v = 0; v < kVectors; ++v) {
      const Floats scale = Format::scale(*slabs[v], supers[v], part, kHalf, rows[v]);
      for (int t = 0; t < kTokens; ++t) {
        const Floats scales = Lanes::multiply(scale, Lanes::floats(x[t]->scale));
        sums[v][t] = Lanes::fma(Lanes::to_floats(whole[v][t]), scales, sums[v][t]);
      }
      if constexpr (Format::kMinimum) {
        const Floats minimum = Format::minimum(*slabs[v], supers[v], part, kHalf, rows[v]);
        for (int t = 0; t < kTokens; ++t) {
          const float sum = Format::kScales == 2 ? x[t]->weighted_sums[kHalf] : x[t]->weighted_sum;
          sums[v][t] = Lanes::fma_negative(minimum, Lanes::floats(sum), sums[v][t]);
        }
      }
    }
  }

  template <int kVectors, int kTokens>
  static void tile(const PanelProduct& p, const Place* places, std::int64_t token) {
    const std::int64_t slab_count = p.cols / (32 * Format::kSpans);
    const std::byte* activations = p.activations + static_cast<std::size_t>(token) * p.activation_stride;
    Floats sums[kVectors][kTokens];
    int rows[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      rows[v] = kVectors % kPerPanel == 0 ? v % kPerPanel * kRows : places[v].row;
      for (int t = 0; t < kTokens; ++t) sums[v][t] = Lanes::zero_floats();
    }
    for (std::int64_t s = 0; s < slab_count; ++s) {
      const Slab* slabs[kVectors];
      typename Format::Super supers[kVectors];
      for (int v = 0; v < kVectors; ++v) {
        slabs[v] = reinterpret_cast<const Slab*>(places[v].panel) + s;
        supers[v] = Format::super(*slabs[v], rows[v]);
      }
#pragma GCC unroll 1
      for (int part = 0; part < Format::kSpans; ++part) {
        constexpr std::size_t kBytes = sizeof(Slab) / Format::kSpans;
        for (int v = 0; v < kVectors; ++v) {
          if (kPerPanel > 1 && rows[v] != 0) continue;  // once per panel
          const std::byte* ahead = reinterpret_cast<const std::byte*>(slabs[v]) + part * kBytes + Lanes::kAhead;
          for (std::size_t i = 0; i < kBytes; i += 64) __builtin_prefetch(ahead + i, 0, 3);
        }
        const Q16Block* x[kTokens];
        for (int t = 0; t < kTokens; ++t) {
          x[t] = reinterpret_cast<const Q16Block*>(activations + static_cast<std::size_t>(t) * p.activation_stride) +
                 s * Format::kSpans + part;
        }
        constexpr int kTogether = together<kVectors>();
        static_assert(kVectors % kTogether == 0);
        const auto add_up = [&](int v) __attribute__((always_inline)) {
          for_constants<0, Format::kScales>([&](auto half) __attribute__((always_inline)) {
            step<decltype(half)::value, kTogether, kTokens>(slabs + v, part, rows + v, supers + v, x, sums + v);
          });
        };
        if constexpr (kTokens == 1 && kTogether < kPerPanel && kVectors >= kPerPanel) {
#pragma GCC unroll 1
          for (int v = 0; v < kVectors; v += kPerPanel) {
            for_constants<0, kPerPanel / kTogether>([&](auto batch) __attribute__((always_inline)) {
              add_up(v + decltype(batch)::value * kTogether);
            });
          }
        } else {
#pragma GCC unroll 1
          for (int v = 0; v < kVectors; v += kTogether) add_up(v);
        }
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t row =
          (places[v].panel - p.panels) / static_cast<std::int64_t>(p.panel_bytes) * quant::kPanelRows + places[v].row;
      const std::int64_t count = p.rows - row;
      for (int t = 0; t < kTokens; ++t) {
        float* out = p.out + (token + t) * p.out_stride + row;
        if (count >= kRows) {
          Lanes::store(out, sums[v][t]);
        } else if (count > 0) {
          float some[kRows];
          Lanes::store(some, sums[v][t]);
          __builtin_memcpy(out, some, static_cast<std::size_t>(count) * sizeof(float));
        }
      }
    }
  }

  /// The place of vector `index` counted over all panels.
  static Place place(const PanelProduct& p, std::int64_t index) {
    return {p.panels + static_cast<std::size_t>(index / kPerPanel) * p.panel_bytes,
            static_cast<int>(index % kPerPanel) * kRows};
  }

  /// The tile of kVectors vectors that begins at `index`.
  template <int kVectors, int kTokens>
  static void tile_at(const PanelProduct& p, std::int64_t index, std::int64_t token) {
    Place places[kVectors];
    for (int i = 0; i < kVectors; ++i) places[i] = place(p, index + i);
    tile<kVectors, kTokens>(p, places, token);
  }

  /// Few tokens: every stream reads its own range of panels, which is contiguous in memory.
  template <int kTokens>
  static void few(const PanelProduct& p, std::int64_t token) {
    const std::int64_t panels = quant::panel_count(p.rows);
    constexpr int kStreams = Lanes::kStreams;
    const std::int64_t range = panels / kStreams;
    for (std::int64_t i = 0; i < range; ++i) {
      Place places[kStreams * kPerPanel];
      for (int v = 0; v < kStreams * kPerPanel; ++v) {
        places[v] = place(p, (v / kPerPanel * range + i) * kPerPanel + v % kPerPanel);
      }
      tile<kStreams * kPerPanel, kTokens>(p, places, token);
    }
    for (std::int64_t i = range * kStreams; i < panels; ++i) tile_at<kPerPanel, kTokens>(p, i * kPerPanel, token);
  }

  static void product(const PanelProduct& p) noexcept {
    constexpr int kVectors = Lanes::kVectors, kTokens = Lanes::kTokens;
    static_assert(kVectors % kPerPanel == 0 || kPerPanel % kVectors == 0);
    const std::int64_t vectors = quant::panel_count(p.rows) * kPerPanel;
    std::int64_t token = 0;
    for (; token + kTokens <= p.tokens; token += kTokens) {
      std::int64_t v = 0;
      for (; v + kVectors <= vectors; v += kVectors) tile_at<kVectors, kTokens>(p, v, token);
      if constexpr (kVectors > kPerPanel) {
        for (; v < vectors; v += kPerPanel) tile_at<kPerPanel, kTokens>(p, v, token);
      }
    }
    for (; token + 2 <= p.tokens; token += 2) few<2>(p, token);
    if (token < p.tokens) few<1>(p, token);
  }
};

template <class Lanes>
void fill_panel_products(Table& table, Activation activation = Activation::q16_32) {
  const auto entry = [&](quant::Format format, void (*function)(const PanelProduct&) noexcept) {
    table.panels_pay[static_cast<int>(format)] = true;
    table.panel_activation[static_cast<int>(format)] = activation;
    table.panel_product[static_cast<int>(format)] = function;
  };
  using quant::Format;
  entry(Format::q4_0, PanelKernel<Lanes, PanelQ4_0<Lanes>>::product);
  entry(Format::q4_1, PanelKernel<Lanes, PanelQ4_1<Lanes>>::product);
  entry(Format::q5_0, PanelKernel<Lanes, PanelQ5_0<Lanes>>::product);
  entry(Format::q5_1, PanelKernel<Lanes, PanelQ5_1<Lanes>>::product);
  entry(Format::q8_0, PanelKernel<Lanes, PanelQ8_0<Lanes>>::product);
  entry(Format::iq4_nl, PanelKernel<Lanes, PanelIq4Nl<Lanes>>::product);
  entry(Format::q2_k, PanelKernel<Lanes, PanelQ2K<Lanes>>::product);
  entry(Format::q3_k, PanelKernel<Lanes, PanelQ3K<Lanes>>::product);
  entry(Format::q4_k, PanelKernel<Lanes, PanelQ4K<Lanes>>::product);
  entry(Format::q5_k, PanelKernel<Lanes, PanelQ5K<Lanes>>::product);
  entry(Format::q6_k, PanelKernel<Lanes, PanelQ6K<Lanes>>::product);
  entry(Format::iq4_xs, PanelKernel<Lanes, PanelIq4Xs<Lanes>>::product);
}

}  // namespace
}  // namespace brim::kernels
