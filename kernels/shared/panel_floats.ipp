// Products of F32, F16 and BF16 panels with float activations, once for every set: a vector holds one column of several
// rows, and every activation is multiplied into it. Each (row, token) is one running sum in the order of the columns,
// whatever the tile, so neither the tile nor the number of tokens changes a bit.
#pragma once

#include "kernels/table.hpp"
#include "quant/panel.hpp"

namespace brim::kernels {
namespace {

template <class Vector, quant::Format kFormat>
struct PanelFloats {
  using Batch = typename Vector::Batch;
  static constexpr int kRows = Vector::kWidth;
  static constexpr int kPerPanel = quant::kPanelRows / kRows;
  static constexpr std::int64_t kValueBytes = kFormat == quant::Format::f32 ? 4 : 2;
  static constexpr std::int64_t kColumnBytes = quant::kPanelRows * kValueBytes;
  static constexpr int kVectors = Vector::kPanelVectors, kTokens = Vector::kPanelTokens, kStreams = Vector::kPanelStreams;
  static constexpr std::int64_t kAhead = 2048;  ///< bytes of each stream asked for before their use

  static Batch load(const std::byte* at) {
    if constexpr (kFormat == quant::Format::f32) return Vector::load(at);
    if constexpr (kFormat == quant::Format::f16) return Vector::load_half(at);
    if constexpr (kFormat == quant::Format::bf16) return Vector::load_bf16(at);
  }

  template <int kMany, int kOf>
  static void tile(const PanelProduct& p, const std::int64_t* vectors, std::int64_t token) {
    const std::byte* weights[kMany];
    const float* x[kOf];
    Batch sums[kMany][kOf];
    for (int t = 0; t < kOf; ++t) {
      x[t] = reinterpret_cast<const float*>(p.activations + static_cast<std::size_t>(token + t) * p.activation_stride);
    }
    for (int v = 0; v < kMany; ++v) {
      weights[v] = p.panels + static_cast<std::size_t>(vectors[v] / kPerPanel) * p.panel_bytes +
                   vectors[v] % kPerPanel * kRows * kValueBytes;
      for (int t = 0; t < kOf; ++t) sums[v][t] = Batch(0.0f);
    }
    for (std::int64_t c = 0; c < p.cols; ++c) {
      Batch parts[kMany];
      for (int v = 0; v < kMany; ++v) {
        parts[v] = load(weights[v] + c * kColumnBytes);
        if constexpr (kMany == kStreams * kPerPanel) {
          if (v % kPerPanel == 0) __builtin_prefetch(weights[v] + c * kColumnBytes + kAhead, 0, 3);
        }
      }
      for (int t = 0; t < kOf; ++t) {
        const Batch value(x[t][c]);
        for (int v = 0; v < kMany; ++v) sums[v][t] = Vector::fma(parts[v], value, sums[v][t]);
      }
    }
    for (int v = 0; v < kMany; ++v) {
      const std::int64_t row = vectors[v] * kRows;
      for (int t = 0; t < kOf; ++t) {
        float* out = p.out + (token + t) * p.out_stride + row;
        if (p.rows - row >= kRows) {
          Vector::store(out, sums[v][t]);
        } else if (p.rows > row) {
          float some[kRows];
          Vector::store(some, sums[v][t]);
          __builtin_memcpy(out, some, static_cast<std::size_t>(p.rows - row) * sizeof(float));
        }
      }
    }
  }

  template <int kMany, int kOf>
  static void tile_at(const PanelProduct& p, std::int64_t first, std::int64_t token) {
    std::int64_t vectors[kMany];
    for (int v = 0; v < kMany; ++v) vectors[v] = first + v;
    tile<kMany, kOf>(p, vectors, token);
  }

  /// One or two tokens: every stream keeps to its own stretch of panels, all vectors of one at a time.
  template <int kOf>
  static void few(const PanelProduct& p, std::int64_t token) {
    const std::int64_t panels = quant::panel_count(p.rows);
    const std::int64_t stretch = panels / kStreams;
    for (std::int64_t i = 0; i < stretch; ++i) {
      std::int64_t vectors[kStreams * kPerPanel];
      for (int v = 0; v < kStreams * kPerPanel; ++v) {
        vectors[v] = (v / kPerPanel * stretch + i) * kPerPanel + v % kPerPanel;
      }
      tile<kStreams * kPerPanel, kOf>(p, vectors, token);
    }
    for (std::int64_t i = stretch * kStreams; i < panels; ++i) tile_at<kPerPanel, kOf>(p, i * kPerPanel, token);
  }

  static void product(const PanelProduct& p) noexcept {
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

  static void fill(Table& table) {
    table.panels_pay[static_cast<int>(kFormat)] = true;
    table.panel_activation[static_cast<int>(kFormat)] = Activation::f32;
    table.panel_product[static_cast<int>(kFormat)] = product;
  }
};

template <class Vector>
void fill_panel_floats(Table& table) {
  PanelFloats<Vector, quant::Format::f32>::fill(table);
  PanelFloats<Vector, quant::Format::f16>::fill(table);
  PanelFloats<Vector, quant::Format::bf16>::fill(table);
}

}  // namespace
}  // namespace brim::kernels
