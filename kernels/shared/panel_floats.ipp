// Products of F32, F16 and BF16 panels with float activations, written once for every set: a vector holds one column of
// several rows, and every activation is multiplied by it. Each (row, token) is one running sum in the order of the
// columns, whatever the tile, so neither the tile nor the number of tokens changes a bit.
#pragma once

#include "kernels/shared/constants.ipp"
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
  static constexpr int kVectors = Vector::kPanelVectors, kTokens = Vector::kPanelTokens,
                       kStreams = Vector::kPanelStreams;
  static constexpr std::int64_t kAhead = 2048;  ///< prefetch distance of each stream in bytes

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
    }
    // All indices of sums are constants; otherwise sums would always be in memory.
    const auto for_sums = [&](auto each) __attribute__((always_inline)) {
      for_constants<0, kMany * kOf>([&](auto constant) __attribute__((always_inline)) {
        constexpr int kIndex = decltype(constant)::value;
        each(kIndex % kMany, kIndex / kMany, sums[kIndex % kMany][kIndex / kMany]);
      });
    };
    for_sums([&](int, int, Batch& sum) __attribute__((always_inline)) { sum = Batch(0.0f); });
    for (std::int64_t c = 0; c < p.cols; ++c) {
      Batch parts[kMany];
      for_constants<0, kMany>([&](auto vector) __attribute__((always_inline)) {
        constexpr int v = decltype(vector)::value;
        parts[v] = load(weights[v] + c * kColumnBytes);
        if constexpr (kMany == kStreams * kPerPanel && v % kPerPanel == 0) {
          __builtin_prefetch(weights[v] + c * kColumnBytes + kAhead, 0, 3);
        }
      });
      for_sums([&](int v, int t, Batch& sum)
                   __attribute__((always_inline)) { sum = Vector::fma(parts[v], Batch(x[t][c]), sum); });
    }
    float done[kMany][kOf][kRows];
    for_sums([&](int v, int t, Batch& sum) __attribute__((always_inline)) { Vector::store(done[v][t], sum); });
    for (int v = 0; v < kMany; ++v) {
      const std::int64_t row = vectors[v] * kRows;
      const std::int64_t count = p.rows - row < kRows ? p.rows - row : kRows;
      if (count <= 0) break;
      for (int t = 0; t < kOf; ++t) {
        __builtin_memcpy(p.out + (token + t) * p.out_stride + row, done[v][t],
                         static_cast<std::size_t>(count) * sizeof(float));
      }
    }
  }

  template <int kMany, int kOf>
  static void tile_at(const PanelProduct& p, std::int64_t first, std::int64_t token) {
    std::int64_t vectors[kMany];
    for (int v = 0; v < kMany; ++v) vectors[v] = first + v;
    tile<kMany, kOf>(p, vectors, token);
  }

  /// One or two tokens: every stream reads its own range of panels, all vectors of one panel at a time.
  template <int kOf>
  static void few(const PanelProduct& p, std::int64_t token) {
    const std::int64_t panels = quant::panel_count(p.rows);
    const std::int64_t range = panels / kStreams;
    for (std::int64_t i = 0; i < range; ++i) {
      std::int64_t vectors[kStreams * kPerPanel];
      for (int v = 0; v < kStreams * kPerPanel; ++v) {
        vectors[v] = (v / kPerPanel * range + i) * kPerPanel + v % kPerPanel;
      }
      tile<kStreams * kPerPanel, kOf>(p, vectors, token);
    }
    for (std::int64_t i = range * kStreams; i < panels; ++i) tile_at<kPerPanel, kOf>(p, i * kPerPanel, token);
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
