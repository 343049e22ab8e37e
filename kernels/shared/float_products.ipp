// Products of the float formats (F32, F16, BF16) with float activations, written once for every set. F32 weights stay
// floats. Two running sums per row, one of even and one of odd vectors: shorter dependency chains for the processor,
// smaller rounding errors.
#pragma once

#include "kernels/shared/walk.ipp"
#include "quant/format.hpp"

namespace brim::kernels {
namespace {

template <class Vector, quant::Format kFormat>
struct FloatProduct {
  using Batch = typename Vector::Batch;
  static constexpr int kRows = Vector::kFloatRows;
  static constexpr int kTokens = Vector::kFloatTokens;
  static constexpr int kStreams = 4;
  static constexpr int kWidth = Vector::kWidth;
  static constexpr std::int64_t kBytes = kFormat == quant::Format::f32 ? 4 : 2;

  static Batch load_weights(const std::byte* at) {
    if constexpr (kFormat == quant::Format::f32) return Vector::load(at);
    if constexpr (kFormat == quant::Format::f16) return Vector::load_half(at);
    if constexpr (kFormat == quant::Format::bf16) return Vector::load_bf16(at);
  }

  template <int Rows, int Tokens>
  static void step(const std::byte* const* weights, std::int64_t weight_offset, const std::byte* const* activations,
                   std::int64_t activation_offset, Batch (&sums)[Rows][Tokens]) {
    Batch values[Tokens];
    for (int t = 0; t < Tokens; ++t) values[t] = Vector::load(activations[t] + activation_offset);
    for (int r = 0; r < Rows; ++r) {
      const Batch row = load_weights(weights[r] + weight_offset);
      for (int t = 0; t < Tokens; ++t) sums[r][t] = Vector::fma(row, values[t], sums[r][t]);
    }
  }

  template <int Rows, int Tokens>
  static void tile(const Product& p, std::int64_t row, std::int64_t token) {
    const std::byte* weights[Rows];
    const std::byte* activations[Tokens];
    for (int r = 0; r < Rows; ++r) weights[r] = p.weights + static_cast<std::size_t>(row + r) * p.row_bytes;
    for (int t = 0; t < Tokens; ++t) {
      activations[t] = p.activations + static_cast<std::size_t>(token + t) * p.activation_stride;
    }
    Batch even[Rows][Tokens], odd[Rows][Tokens];
    for (int r = 0; r < Rows; ++r) {
      for (int t = 0; t < Tokens; ++t) even[r][t] = odd[r][t] = Batch(0.0f);
    }
    std::int64_t c = 0;
    const std::byte* next = p.weights + static_cast<std::size_t>(row + Rows) * p.row_bytes;
    constexpr std::int64_t kStepBytes = Rows * 2 * kWidth * kBytes;
    for (; c + 2 * kWidth <= p.cols; c += 2 * kWidth) {
      if constexpr (Rows == kStreams) ask_for(next + c * Rows * kBytes, kStepBytes);
      step<Rows, Tokens>(weights, c * kBytes, activations, c * 4, even);
      step<Rows, Tokens>(weights, (c + kWidth) * kBytes, activations, (c + kWidth) * 4, odd);
    }
    if (c + kWidth <= p.cols) {
      step<Rows, Tokens>(weights, c * kBytes, activations, c * 4, even);
      c += kWidth;
    }
    if (const std::int64_t left = p.cols - c; left > 0) {
      // The rest of a row, padded with zeros.
      std::byte row_rest[Rows][kWidth * kBytes] = {};
      std::byte value_rest[Tokens][kWidth * 4] = {};
      const std::byte* row_rests[Rows];
      const std::byte* value_rests[Tokens];
      for (int r = 0; r < Rows; ++r) {
        __builtin_memcpy(row_rest[r], weights[r] + c * kBytes, static_cast<std::size_t>(left * kBytes));
        row_rests[r] = row_rest[r];
      }
      for (int t = 0; t < Tokens; ++t) {
        __builtin_memcpy(value_rest[t], activations[t] + c * 4, static_cast<std::size_t>(left * 4));
        value_rests[t] = value_rest[t];
      }
      step<Rows, Tokens>(row_rests, 0, value_rests, 0, odd);
    }
    for (int r = 0; r < Rows; ++r) {
      for (int t = 0; t < Tokens; ++t) {
        p.out[(token + t) * p.out_stride + row + r] = Vector::sum(even[r][t] + odd[r][t]);
      }
    }
  }
};

}  // namespace
}  // namespace brim::kernels
