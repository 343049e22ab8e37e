// Norm, softmax, activations and rotation, written once for every set. A Vector (see <set>/vector.hpp) provides Batch,
// kWidth, load, store, fma and sum. Tails use a padded buffer and the same arithmetic, so a value does not depend on
// its position in the row.
#pragma once

#include <cmath>

#include "kernels/shared/math.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

/// x[i] = change(x[i], y[i]) for all i; y may be null, then change is called with zeros.
template <class Vector, class Change>
void map(float* x, const float* y, std::int64_t size, Change change) {
  using Batch = typename Vector::Batch;
  std::int64_t i = 0;
  for (; i + Vector::kWidth <= size; i += Vector::kWidth) {
    Vector::store(x + i, change(Vector::load(x + i), y ? Vector::load(y + i) : Batch(0.0f)));
  }
  if (const std::int64_t left = size - i; left > 0) {
    float first[Vector::kWidth] = {};
    float second[Vector::kWidth] = {};
    for (std::int64_t j = 0; j < left; ++j) {
      first[j] = x[i + j];
      second[j] = y ? y[i + j] : 0.0f;
    }
    Vector::store(first, change(Vector::load(first), Vector::load(second)));
    for (std::int64_t j = 0; j < left; ++j) x[i + j] = first[j];
  }
}

/// The last left < kWidth values, padded with `filler`.
template <class Vector>
typename Vector::Batch load_rest(const float* x, std::int64_t left, float filler) {
  float padded[Vector::kWidth];
  for (int j = 0; j < Vector::kWidth; ++j) padded[j] = j < left ? x[j] : filler;
  return Vector::load(padded);
}

template <class Vector>
struct Elementwise {
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;

  /// The sum over a row of what `add` adds for each value to a sum that it is given; for `filler` it adds nothing.
  template <class Add>
  static float total(const float* x, std::int64_t size, float filler, Add add) noexcept {
    Batch sums[4] = {Batch(0.0f), Batch(0.0f), Batch(0.0f), Batch(0.0f)};
    std::int64_t i = 0;
    for (; i + 4 * kWidth <= size; i += 4 * kWidth) {
      for (int j = 0; j < 4; ++j) sums[j] = add(Vector::load(x + i + j * kWidth), sums[j]);
    }
    for (; i + kWidth <= size; i += kWidth) sums[0] = add(Vector::load(x + i), sums[0]);
    if (i < size) sums[1] = add(load_rest<Vector>(x + i, size - i, filler), sums[1]);
    return Vector::sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
  }

  static void rms_norm(const float* x, const float* weight, std::int64_t size, float epsilon, float* out) noexcept {
    const float squares = total(x, size, 0.0f, [](Batch value, Batch sum) { return Vector::fma(value, value, sum); });
    const double mean = static_cast<double>(squares) / static_cast<double>(size);
    const auto factor = static_cast<float>(1.0 / std::sqrt(mean + static_cast<double>(epsilon)));
    if (weight != nullptr) {
      for (std::int64_t j = 0; j < size; ++j) out[j] = x[j] * factor * weight[j];
    } else {
      for (std::int64_t j = 0; j < size; ++j) out[j] = x[j] * factor;
    }
  }

  static void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t size, float epsilon,
                         float* out) noexcept {
    const float sum = total(x, size, 0.0f, [](Batch value, Batch sums) { return sums + value; });
    const auto mean = static_cast<float>(static_cast<double>(sum) / static_cast<double>(size));
    const float squares = total(x, size, mean, [mean](Batch value, Batch sums) {
      const Batch difference = value - Batch(mean);
      return Vector::fma(difference, difference, sums);
    });
    const double variance = static_cast<double>(squares) / static_cast<double>(size);
    const auto factor = static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(epsilon)));
    for (std::int64_t j = 0; j < size; ++j) out[j] = (x[j] - mean) * factor;
    if (weight != nullptr) {
      for (std::int64_t j = 0; j < size; ++j) out[j] *= weight[j];
    }
    if (bias != nullptr) {
      for (std::int64_t j = 0; j < size; ++j) out[j] += bias[j];
    }
  }

  static void softmax(float* x, std::int64_t size) noexcept {
    Batch max(-INFINITY);
    std::int64_t i = 0;
    for (; i + kWidth <= size; i += kWidth) max = xsimd::max(max, Vector::load(x + i));
    if (i < size) max = xsimd::max(max, load_rest<Vector>(x + i, size - i, -INFINITY));
    float lanes[kWidth];
    Vector::store(lanes, max);
    float largest = lanes[0];
    for (int j = 1; j < kWidth; ++j) largest = lanes[j] > largest ? lanes[j] : largest;
    if (largest == -INFINITY) {
      for (std::int64_t j = 0; j < size; ++j) x[j] = 0.0f;
      return;
    }
    Batch sums[2] = {Batch(0.0f), Batch(0.0f)};
    const Batch shift(largest);
    for (i = 0; i + 2 * kWidth <= size; i += 2 * kWidth) {
      for (int j = 0; j < 2; ++j) {
        const Batch value = exponential<Vector>(Vector::load(x + i + j * kWidth) - shift);
        Vector::store(x + i + j * kWidth, value);
        sums[j] = sums[j] + value;
      }
    }
    for (; i < size; i += kWidth) {
      const std::int64_t left = size - i < kWidth ? size - i : kWidth;
      const Batch value = exponential<Vector>(load_rest<Vector>(x + i, left, -INFINITY) - shift);
      Vector::store(lanes, value);
      for (std::int64_t j = 0; j < left; ++j) x[i + j] = lanes[j];
      sums[0] = sums[0] + value;
    }
    const float factor = 1.0f / Vector::sum(sums[0] + sums[1]);
    for (std::int64_t j = 0; j < size; ++j) x[j] *= factor;
  }

  static void soft_cap(float* x, std::int64_t size, float cap) noexcept {
    map<Vector>(x, nullptr, size,
                [cap](Batch value, Batch) { return Batch(cap) * hyperbolic_tangent<Vector>(value / Batch(cap)); });
  }

  static void silu_multiply(float* gate, const float* up, std::int64_t size) noexcept {
    map<Vector>(gate, up, size,
                [](Batch x, Batch other) { return x / (Batch(1.0f) + exponential<Vector>(-x)) * other; });
  }

  /// gelu(x) = x/2 (1 + tanh u) with u = √(2/π) (x + 0.044715 x³); (1 + tanh u)/2 = 1 / (1 + e^−2u) exactly, which
  /// keeps its relative accuracy for negative x.
  static Batch gelu_of(Batch x) noexcept {
    const Batch cubic = Vector::fma(x * x * Batch(0.044715f), x, x);
    return x / (Batch(1.0f) + exponential<Vector>(cubic * Batch(-1.59576912160573071f)));
  }

  static void gelu_multiply(float* gate, const float* up, std::int64_t size) noexcept {
    map<Vector>(gate, up, size, [](Batch x, Batch other) { return gelu_of(x) * other; });
  }

  static void gelu(float* x, std::int64_t size) noexcept {
    map<Vector>(x, nullptr, size, [](Batch value, Batch) { return gelu_of(value); });
  }

  static void clamped_swiglu(float* gate, const float* up, std::int64_t size, float limit, float slope) noexcept {
    map<Vector>(gate, up, size, [limit, slope](Batch g, Batch u) {
      // The limits come first, so that NaN stays (see exponential).
      g = xsimd::min(Batch(limit), g);
      u = xsimd::min(Batch(limit), xsimd::max(Batch(-limit), u));
      return g / (Batch(1.0f) + exponential<Vector>(g * Batch(-slope))) * (u + Batch(1.0f));
    });
  }

  static void relu_squared(float* x, std::int64_t size) noexcept {
    map<Vector>(x, nullptr, size, [](Batch value, Batch) {
      const Batch positive = xsimd::max(Batch(0.0f), value);
      return positive * positive;
    });
  }

  static void sigmoid(float* x, std::int64_t size) noexcept {
    map<Vector>(x, nullptr, size,
                [](Batch value, Batch) { return Batch(1.0f) / (Batch(1.0f) + exponential<Vector>(-value)); });
  }

  static void add_scaled(float* x, const float* y, std::int64_t size, float scale) noexcept {
    map<Vector>(x, y, size, [scale](Batch a, Batch b) { return Vector::fma(b, Batch(scale), a); });
  }

  static void scale(float* x, std::int64_t size, float factor) noexcept {
    for (std::int64_t i = 0; i < size; ++i) x[i] *= factor;
  }

  static void rope_neox(float* x, int size, const float* cosines, const float* sines) noexcept {
    const int pairs = size / 2;
    float* __restrict first = x;
    float* __restrict second = x + pairs;
    for (int i = 0; i < pairs; ++i) rotate(first[i], second[i], cosines[i], sines[i]);
  }

  static void rope_interleaved(float* x, int size, const float* cosines, const float* sines) noexcept {
    for (int i = 0; i < size / 2; ++i) rotate(x[2 * i], x[2 * i + 1], cosines[i], sines[i]);
  }

  static void fill(Table& table) {
    table.rms_norm = rms_norm;
    table.layer_norm = layer_norm;
    table.softmax = softmax;
    table.soft_cap = soft_cap;
    table.silu_multiply = silu_multiply;
    table.gelu_multiply = gelu_multiply;
    table.clamped_swiglu = clamped_swiglu;
    table.gelu = gelu;
    table.relu_squared = relu_squared;
    table.sigmoid = sigmoid;
    table.add_scaled = add_scaled;
    table.scale = scale;
    table.rope_neox = rope_neox;
    table.rope_interleaved = rope_interleaved;
  }

 private:
  static void rotate(float& first, float& second, float cosine, float sine) noexcept {
    const float a = first, b = second;
    first = a * cosine - b * sine;
    second = a * sine + b * cosine;
  }
};

}  // namespace
}  // namespace brim::kernels
