// Products of quantised panels with Q16Block activations, once for every set. One step is a group of four columns: a
// vector of weights — four of each of Lanes::kRows rows — times four activations of a token, their high bytes and their
// low bytes, into two vectors of exact integer sums, one lane a row. After 16 or 32 columns the two make one integer,
// which gets its scales in float. Everything before is exact, and after it each (row, token) is added up in the order of
// its columns, so no tile, set of rows or number of tokens changes a bit.
//
// Lanes, besides what panel_formats.ipp names: Ints, Dots<kBits> (running sums of products with levels of so many bits),
// kSignedOffset (what levels of 8 bits are shifted by to suit the set's products) and
//   kVectors × kTokens   the register tile for many tokens,
//   kStreams             vectors at once for one or two tokens, each from a panel of its own.
#pragma once

#include "kernels/shared/panel_formats.ipp"
#include "quant/panel.hpp"

namespace brim::kernels {
namespace {

template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

/// Calls body(Constant<first>), … up to but not including `end`.
template <int kFirst, int kEnd, class Body>
inline __attribute__((always_inline)) void for_constants(Body&& body) {
  if constexpr (kFirst < kEnd) {
    body(Constant<kFirst>{});
    for_constants<kFirst + 1, kEnd>(body);
  }
}

template <class Lanes, class Format>
struct PanelKernel {
  using Bytes = typename Lanes::Bytes;
  using Ints = typename Lanes::Ints;
  using Floats = typename Lanes::Floats;
  using Slab = typename Format::Slab;
  using Dots = typename Lanes::template Dots<Format::kBits>;
  static constexpr int kRows = Lanes::kRows;
  static constexpr int kPerPanel = quant::kPanelRows / kRows;
  static constexpr int kOffset = Format::kBits == 8 ? Lanes::kSignedOffset : Format::kOffset;

  /// One vector's place: rows `row` … of a panel.
  struct Place {
    const std::byte* panel;
    int row;
  };

  /// 16 or 32 columns of one part.
  template <int kHalf, int kVectors, int kTokens>
  static inline __attribute__((always_inline)) void step(const Slab* const* slabs, int part, const int* rows,
                                                         const typename Format::Super* supers,
                                                         const Q16Block* const* x, Floats (&sums)[kVectors][kTokens]) {
    constexpr int kGroups = 8 / Format::kScales;
    Dots high[kVectors][kTokens], low[kVectors][kTokens];
    for (int v = 0; v < kVectors; ++v) {
      for (int t = 0; t < kTokens; ++t) {
        high[v][t].clear();
        low[v][t].clear();
      }
    }
    for_constants<kHalf * kGroups, (kHalf + 1) * kGroups>([&](auto constant) {
      constexpr int kGroup = decltype(constant)::value;
      Bytes weights[kVectors];
      for (int v = 0; v < kVectors; ++v) {
        weights[v] = Lanes::template suited<Format::kBits>(Format::template group<kGroup>(*slabs[v], part, rows[v]));
      }
      for (int t = 0; t < kTokens; ++t) {
        const Bytes high_bytes = Lanes::four(x[t]->high + 4 * kGroup);
        for (int v = 0; v < kVectors; ++v) high[v][t].add(weights[v], high_bytes);
        const Bytes low_bytes = Lanes::four(x[t]->low + 4 * kGroup);
        for (int v = 0; v < kVectors; ++v) low[v][t].add(weights[v], low_bytes);
      }
    });
    for (int v = 0; v < kVectors; ++v) {
      const Floats scale = Format::scale(*slabs[v], supers[v], part, kHalf, rows[v]);
      for (int t = 0; t < kTokens; ++t) {
        Ints whole = Lanes::join(high[v][t].total(), low[v][t].total());
        if constexpr (kOffset != 0) {
          const std::int32_t sum = Format::kScales == 2 ? x[t]->sums[kHalf] : x[t]->sum;
          whole = Lanes::subtract(whole, Lanes::ints(sum * kOffset));
        }
        sums[v][t] = Lanes::fma(Lanes::to_floats(whole), Lanes::multiply(scale, Lanes::floats(x[t]->scale)), sums[v][t]);
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
    const std::int64_t slab_count = p.cols / (32 * Format::kParts);
    const std::byte* activations = p.activations + static_cast<std::size_t>(token) * p.activation_stride;
    Floats sums[kVectors][kTokens];
    int rows[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      rows[v] = places[v].row;
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
      for (int part = 0; part < Format::kParts; ++part) {
        constexpr std::size_t kBytes = sizeof(Slab) / Format::kParts;
        for (int v = 0; v < kVectors; ++v) {
          const std::byte* ahead = reinterpret_cast<const std::byte*>(slabs[v]) + part * kBytes + Lanes::kAhead;
          for (std::size_t i = 0; i < kBytes; i += 64) __builtin_prefetch(ahead + i, 0, 3);
        }
        const Q16Block* x[kTokens];
        for (int t = 0; t < kTokens; ++t) {
          x[t] = reinterpret_cast<const Q16Block*>(activations + static_cast<std::size_t>(t) * p.activation_stride) +
                 s * Format::kParts + part;
        }
        for_constants<0, Format::kScales>([&](auto half) {
          step<decltype(half)::value, kVectors, kTokens>(slabs, part, rows, supers, x, sums);
        });
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t row = (places[v].panel - p.panels) / static_cast<std::int64_t>(p.panel_bytes) * quant::kPanelRows +
                               places[v].row;
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

  /// The place of vector `index` counted over `panels` panels.
  static Place place(const PanelProduct& p, std::int64_t index) {
    return {p.panels + static_cast<std::size_t>(index / kPerPanel) * p.panel_bytes,
            static_cast<int>(index % kPerPanel) * kRows};
  }

  /// Few tokens: every stream keeps to its own stretch of panels, which lies in memory in one piece.
  template <int kTokens>
  static void few(const PanelProduct& p, std::int64_t token) {
    const std::int64_t panels = quant::panel_count(p.rows);
    constexpr int kStreams = Lanes::kStreams;
    const std::int64_t stretch = panels / kStreams;
    for (std::int64_t i = 0; i < stretch; ++i) {
      for (int lane = 0; lane < kPerPanel; ++lane) {
        Place places[kStreams];
        for (int v = 0; v < kStreams; ++v) places[v] = place(p, (v * stretch + i) * kPerPanel + lane);
        tile<kStreams, kTokens>(p, places, token);
      }
    }
    for (std::int64_t v = stretch * kStreams * kPerPanel; v < panels * kPerPanel; ++v) {
      const Place one[1] = {place(p, v)};
      tile<1, kTokens>(p, one, token);
    }
  }

  static void product(const PanelProduct& p) noexcept {
    const std::int64_t vectors = quant::panel_count(p.rows) * kPerPanel;
    std::int64_t token = 0;
    for (; token + Lanes::kTokens <= p.tokens; token += Lanes::kTokens) {
      std::int64_t v = 0;
      for (; v + Lanes::kVectors <= vectors; v += Lanes::kVectors) {
        Place places[Lanes::kVectors];
        for (int i = 0; i < Lanes::kVectors; ++i) places[i] = place(p, v + i);
        tile<Lanes::kVectors, Lanes::kTokens>(p, places, token);
      }
      for (; v < vectors; ++v) {
        const Place one[1] = {place(p, v)};
        tile<1, Lanes::kTokens>(p, one, token);
      }
    }
    for (; token + 2 <= p.tokens; token += 2) few<2>(p, token);
    if (token < p.tokens) few<1>(p, token);
  }
};

template <class Lanes>
void fill_panel_products(Table& table) {
  const auto entry = [&](quant::Format format, void (*function)(const PanelProduct&) noexcept) {
    table.panels_pay[static_cast<int>(format)] = true;
    table.panel_activation[static_cast<int>(format)] = Activation::q16_32;
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
