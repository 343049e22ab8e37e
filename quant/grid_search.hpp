// Finding a sub-block's scale (and minimum) for the K formats: the packing side's only real algorithm. A scale taken
// from the largest value alone wastes levels on it; so several scales near that one are tried, each rounds the values to
// levels, and for those levels the best scale follows from weighted least squares. The candidate with the least weighted
// squared error wins. Heavier weight on larger values, as ggml's reference quantisers do it: they matter more in a
// product. Static for the reason in half.hpp.
#pragma once

#include "quant/rounding.hpp"

namespace brim::quant {

/// value ≈ scale · level − minimum, with minimum ≥ 0 and levels from 0: how Q2_K, Q4_K and Q5_K store a sub-block.
struct AffineGrid {
  float scale;
  float minimum;
};

/// Which inverse scales are tried: (top level + first + k · step) / range for k in [0, count).
struct Candidates {
  float first;
  float step;
  int count;
};

/// The sum of n numbers in four interleaved lanes, which vectorise without reordering a longer chain.
template <int n, class Term>
static inline float lane_sum(Term term) noexcept {
  float lanes[4] = {0, 0, 0, 0};
  for (int i = 0; i < n; i += 4) {
    for (int lane = 0; lane < 4; ++lane) lanes[lane] += term(i + lane);
  }
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

/// The weights of n values: their magnitude above the block's root mean square.
template <int n>
static inline void magnitude_weights(const float* values, float* weights) noexcept {
  const float mean_square = lane_sum<n>([=](int i) { return values[i] * values[i]; }) / static_cast<float>(n);
  const float root = __builtin_sqrtf(mean_square);
  for (int i = 0; i < n; ++i) weights[i] = root + __builtin_fabsf(values[i]);
}

/// The best grid of levels 0 … top for n values (|value| ≤ 1e9) with these weights (> 0 unless all values are 0).
template <int n>
static inline AffineGrid fit_affine(const float* values, const float* weights, float top, Candidates candidates) noexcept {
  float least = 0, most = values[0];  // 0 is always on the grid: the format has no negative minimum
  for (int i = 0; i < n; ++i) {
    least = values[i] < least ? values[i] : least;
    most = values[i] > most ? values[i] : most;
  }
  if (most - least < 1e-15f) return {0, -least};

  const float weight_sum = lane_sum<n>([=](int i) { return weights[i]; });
  const float value_sum = lane_sum<n>([=](int i) { return weights[i] * values[i]; });
  AffineGrid best = {(most - least) / top, -least};
  float best_error = 0;
  float levels[n];
  for (int k = -1; k < candidates.count; ++k) {  // -1: the plain range, taken as it is
    const float stretch = k < 0 ? 0.0f : candidates.first + candidates.step * static_cast<float>(k);
    const float inverse = (top + stretch) / (most - least);
    for (int i = 0; i < n; ++i) levels[i] = nearest_level((values[i] - least) * inverse, 0, top);
    AffineGrid grid = best;
    if (k >= 0) {
      const float level_sum = lane_sum<n>([&](int i) { return weights[i] * levels[i]; });
      const float square_sum = lane_sum<n>([&](int i) { return weights[i] * levels[i] * levels[i]; });
      const float product_sum = lane_sum<n>([&](int i) { return weights[i] * levels[i] * values[i]; });
      const float determinant = weight_sum * square_sum - level_sum * level_sum;
      if (!(determinant > 0)) continue;
      grid.scale = (weight_sum * product_sum - value_sum * level_sum) / determinant;
      grid.minimum = (level_sum * product_sum - square_sum * value_sum) / determinant;
      if (grid.minimum < 0) grid = {product_sum / square_sum, 0};
    }
    const float error = lane_sum<n>([&](int i) {
      const float difference = grid.scale * levels[i] - grid.minimum - values[i];
      return weights[i] * difference * difference;
    });
    if (k < 0 || error < best_error) {
      best = grid;
      best_error = error;
    }
  }
  return best;
}

/// The best scale for levels -top … top - 1 and value ≈ scale · level (Q3_K, Q6_K), weights = value². The value of
/// largest magnitude is put near level -top, on the longer side, so the scale may be negative.
template <int n>
static inline float fit_symmetric(const float* values, float top, Candidates candidates) noexcept {
  float extreme = 0;
  for (int i = 0; i < n; ++i) {
    if (__builtin_fabsf(values[i]) > __builtin_fabsf(extreme)) extreme = values[i];
  }
  if (__builtin_fabsf(extreme) < 1e-15f) return 0;
  const float unit = 1.0f / extreme;  // fitted on values / extreme, so that fourth powers stay floats
  float best = -extreme / top, best_gain = 0;
  float levels[n], scaled[n];
  for (int i = 0; i < n; ++i) scaled[i] = values[i] * unit;
  for (int k = 0; k < candidates.count; ++k) {
    const float inverse = -(top + candidates.first + candidates.step * static_cast<float>(k));
    for (int i = 0; i < n; ++i) levels[i] = nearest_level(scaled[i] * inverse, -top, top - 1);
    const float product_sum = lane_sum<n>([&](int i) { return scaled[i] * scaled[i] * scaled[i] * levels[i]; });
    const float square_sum = lane_sum<n>([&](int i) { return scaled[i] * scaled[i] * levels[i] * levels[i]; });
    // With the best scale product/square the error is Σ w x² − product²/square: the larger that quotient, the better.
    if (square_sum > 0 && product_sum * product_sum > best_gain * square_sum) {
      best_gain = product_sum * product_sum / square_sum;
      best = extreme * product_sum / square_sum;
    }
  }
  return best;
}

}  // namespace brim::quant
