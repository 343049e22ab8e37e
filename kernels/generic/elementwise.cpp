// Norm, softmax, activations and rotation in plain C++; each value is computed in double and rounded once.
#include <cmath>

#include "kernels/generic/fill.hpp"

namespace brim::kernels::generic {
namespace {

void rms_norm(const float* x, const float* weight, std::int64_t size, float epsilon, float* out) noexcept {
  double squares = 0;
  for (std::int64_t i = 0; i < size; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const double factor = 1.0 / std::sqrt(squares / static_cast<double>(size) + static_cast<double>(epsilon));
  for (std::int64_t i = 0; i < size; ++i) {
    out[i] = static_cast<float>(static_cast<double>(x[i]) * factor * (weight ? static_cast<double>(weight[i]) : 1.0));
  }
}

void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t size, float epsilon,
                float* out) noexcept {
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / static_cast<double>(size);
  for (std::int64_t i = 0; i < size; ++i) {
    const double difference = static_cast<double>(x[i]) - mean;
    squares += difference * difference;
  }
  const double factor = 1.0 / std::sqrt(squares / static_cast<double>(size) + static_cast<double>(epsilon));
  for (std::int64_t i = 0; i < size; ++i) {
    const double scaled = (static_cast<double>(x[i]) - mean) * factor * (weight ? static_cast<double>(weight[i]) : 1.0);
    out[i] = static_cast<float>(scaled + (bias ? static_cast<double>(bias[i]) : 0.0));
  }
}

void softmax(float* x, std::int64_t size) noexcept {
  float largest = -INFINITY;
  for (std::int64_t i = 0; i < size; ++i) largest = x[i] > largest ? x[i] : largest;
  if (largest == -INFINITY) {
    for (std::int64_t i = 0; i < size; ++i) x[i] = 0;
    return;
  }
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += std::exp(static_cast<double>(x[i]) - static_cast<double>(largest));
  for (std::int64_t i = 0; i < size; ++i) {
    x[i] = static_cast<float>(std::exp(static_cast<double>(x[i]) - static_cast<double>(largest)) / sum);
  }
}

void soft_cap(float* x, std::int64_t size, float cap) noexcept {
  const auto limit = static_cast<double>(cap);
  for (std::int64_t i = 0; i < size; ++i)
    x[i] = static_cast<float>(limit * std::tanh(static_cast<double>(x[i]) / limit));
}

void silu_multiply(float* gate, const float* up, std::int64_t size) noexcept {
  for (std::int64_t i = 0; i < size; ++i) {
    const auto x = static_cast<double>(gate[i]);
    gate[i] = static_cast<float>(x / (1.0 + std::exp(-x)) * static_cast<double>(up[i]));
  }
}

/// gelu(x) = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), the tanh form of Hendrycks and Gimpel, arXiv:1606.08415.
double gelu_of(double x) noexcept {
  constexpr double kRoot = 0.79788456080286535588;
  return 0.5 * x * (1.0 + std::tanh(kRoot * (x + 0.044715 * x * x * x)));
}

void gelu_multiply(float* gate, const float* up, std::int64_t size) noexcept {
  for (std::int64_t i = 0; i < size; ++i) {
    gate[i] = static_cast<float>(gelu_of(static_cast<double>(gate[i])) * static_cast<double>(up[i]));
  }
}

void gelu(float* x, std::int64_t size) noexcept {
  for (std::int64_t i = 0; i < size; ++i) x[i] = static_cast<float>(gelu_of(static_cast<double>(x[i])));
}

void clamped_swiglu(float* gate, const float* up, std::int64_t size, float limit, float slope) noexcept {
  for (std::int64_t i = 0; i < size; ++i) {
    // Comparisons that are false for NaN, so that it stays.
    const auto g = static_cast<double>(gate[i] > limit ? limit : gate[i]);
    const auto u = static_cast<double>(up[i] > limit ? limit : up[i] < -limit ? -limit : up[i]);
    gate[i] = static_cast<float>(g / (1.0 + std::exp(-static_cast<double>(slope) * g)) * (u + 1.0));
  }
}

void relu_squared(float* x, std::int64_t size) noexcept {
  for (std::int64_t i = 0; i < size; ++i) {
    const auto value = static_cast<double>(x[i] < 0.0f ? 0.0f : x[i]);  // NaN stays
    x[i] = static_cast<float>(value * value);
  }
}

void sigmoid(float* x, std::int64_t size) noexcept {
  for (std::int64_t i = 0; i < size; ++i) {
    x[i] = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x[i]))));
  }
}

void add_scaled(float* x, const float* y, std::int64_t size, float scale) noexcept {
  for (std::int64_t i = 0; i < size; ++i) {
    x[i] = static_cast<float>(static_cast<double>(x[i]) + static_cast<double>(y[i]) * static_cast<double>(scale));
  }
}

void scale(float* x, std::int64_t size, float factor) noexcept {
  for (std::int64_t i = 0; i < size; ++i) x[i] *= factor;
}

void rotate(float& first, float& second, float cosine, float sine) noexcept {
  const auto a = static_cast<double>(first), b = static_cast<double>(second);
  const auto c = static_cast<double>(cosine), s = static_cast<double>(sine);
  first = static_cast<float>(a * c - b * s);
  second = static_cast<float>(a * s + b * c);
}

void rope_neox(float* x, int size, const float* cosines, const float* sines) noexcept {
  const int pairs = size / 2;
  for (int i = 0; i < pairs; ++i) rotate(x[i], x[i + pairs], cosines[i], sines[i]);
}

void rope_interleaved(float* x, int size, const float* cosines, const float* sines) noexcept {
  for (int i = 0; i < size / 2; ++i) rotate(x[2 * i], x[2 * i + 1], cosines[i], sines[i]);
}

}  // namespace

void fill_elementwise(Table& table) {
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

}  // namespace brim::kernels::generic
