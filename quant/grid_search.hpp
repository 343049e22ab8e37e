// Finding a sub-block's scale (and minimum) for the K formats: the packing side's only real algorithm. A scale taken
// only from the largest value wastes levels on it; so several scales near that one are tried. Each candidate rounds the
// values to levels, and for those levels the best scale follows from weighted least squares. The candidate with the
// smallest weighted squared error wins. Larger values have a heavier weight, as in ggml's reference quantisers: they
// matter more in a product. Static for the reason in half.hpp.
#pragma once

#include <cstdint>

#include "quant/half.hpp"
#include "quant/rounding.hpp"

namespace brim::quant {

/// value ≈ scale · level − minimum, with minimum ≥ 0 and levels from 0: how Q2_K, Q4_K and Q5_K store a sub-block.
struct AffineGrid {
  float scale;
  float minimum;
};

/// The inverse scales that are tried: (top level + first + k · step) / range for k in [0, count).
struct Candidates {
  float first;
  float step;
  int count;
};

/// Steps from a stored scale or minimum to the values tried instead; its own value comes first.
static constexpr int kNeighbours[3] = {0, -1, 1};

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
static inline AffineGrid fit_affine(const float* values, const float* weights, float top,
                                    Candidates candidates) noexcept {
  float min = 0, max = values[0];  // 0 is always on the grid: the format has no negative minimum
  for (int i = 0; i < n; ++i) {
    min = values[i] < min ? values[i] : min;
    max = values[i] > max ? values[i] : max;
  }
  if (max - min < 1e-15f) return {0, -min};

  const float weight_sum = lane_sum<n>([=](int i) { return weights[i]; });
  const float value_sum = lane_sum<n>([=](int i) { return weights[i] * values[i]; });
  AffineGrid best = {(max - min) / top, -min};
  float best_error = 0;
  float levels[n];
  for (int k = -1; k < candidates.count; ++k) {  // -1: the plain range, unchanged
    const float range = k < 0 ? 0.0f : candidates.first + candidates.step * static_cast<float>(k);
    const float inverse = (top + range) / (max - min);
    for (int i = 0; i < n; ++i) levels[i] = nearest_level((values[i] - min) * inverse, 0, top);
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

/// The best scale for n values, levels -top … top - 1 and value ≈ scale · level (Q3_K, Q6_K). The value of largest
/// magnitude is put near level -top, on the longer side, so the scale may be negative.
template <int n>
static inline float fit_symmetric(const float* values, const float* weights, float top,
                                  Candidates candidates) noexcept {
  float extreme = 0;
  for (int i = 0; i < n; ++i) {
    if (__builtin_fabsf(values[i]) > __builtin_fabsf(extreme)) extreme = values[i];
  }
  if (__builtin_fabsf(extreme) < 1e-15f) return 0;
  float best = -extreme / top, best_gain = 0;
  float levels[n];
  for (int k = 0; k < candidates.count; ++k) {
    const float inverse = -(top + candidates.first + candidates.step * static_cast<float>(k)) / extreme;
    for (int i = 0; i < n; ++i) levels[i] = nearest_level(values[i] * inverse, -top, top - 1);
    const float product_sum = lane_sum<n>([&](int i) { return weights[i] * values[i] * levels[i]; });
    const float square_sum = lane_sum<n>([&](int i) { return weights[i] * levels[i] * levels[i]; });
    // With the best scale product/square the error is Σ w x² − product²/square: the larger that quotient, the better.
    if (square_sum > 0 && product_sum * (product_sum / square_sum) > best_gain) {
      best = product_sum / square_sum;
      best_gain = product_sum * best;
    }
  }
  return best;
}

/// What a pack() of 256 values in sub-blocks of n needs: the stored scale (and minimum) per sub-block, the level per
/// value.
template <int n>
struct Levels {
  std::int8_t scales[256 / n];
  std::int8_t minimums[256 / n];
  std::int8_t values[256];
};

/// Packs 256 values as scale · level − minimum. `top` is the highest level, `scale_top` the highest stored scale and
/// minimum. Stores the block's two halves. Rounding scale and minimum to their own grids loses more than the search
/// gained, so their neighbours are tried too.
template <int n>
static inline void affine_levels(const float* values, float top, float scale_top, Candidates candidates,
                                 Half& super_scale, Half& super_minimum, Levels<n>& out) noexcept {
  AffineGrid grids[256 / n];
  float weights[256];
  float largest_scale = 0, largest_minimum = 0;
  for (int s = 0; s < 256 / n; ++s) {
    magnitude_weights<n>(values + n * s, weights + n * s);
    grids[s] = fit_affine<n>(values + n * s, weights + n * s, top, candidates);
    largest_scale = grids[s].scale > largest_scale ? grids[s].scale : largest_scale;
    largest_minimum = grids[s].minimum > largest_minimum ? grids[s].minimum : largest_minimum;
  }
  const float scale_unit = store(super_scale, largest_scale / scale_top);
  const float minimum_unit = store(super_minimum, largest_minimum / scale_top);
  for (int s = 0; s < 256 / n; ++s) {
    const float* sub = values + n * s;
    const float* weight = weights + n * s;
    const float scale_level = nearest_level(grids[s].scale * inverse_or_zero(scale_unit), 0, scale_top);
    const float minimum_level = nearest_level(grids[s].minimum * inverse_or_zero(minimum_unit), 0, scale_top);
    float best_error = -1;
    float levels[n];
    for (int neighbour = 0; neighbour < 9; ++neighbour) {
      const float scale_try = nearest_level(scale_level + static_cast<float>(kNeighbours[neighbour % 3]), 0, scale_top);
      const float minimum_try =
          nearest_level(minimum_level + static_cast<float>(kNeighbours[neighbour / 3]), 0, scale_top);
      const float scale = scale_unit * scale_try, minimum = minimum_unit * minimum_try;
      const float inverse = inverse_or_zero(scale);
      for (int i = 0; i < n; ++i) levels[i] = nearest_level((sub[i] + minimum) * inverse, 0, top);
      const float error = lane_sum<n>([&](int i) {
        const float difference = scale * levels[i] - minimum - sub[i];
        return weight[i] * difference * difference;
      });
      if (best_error >= 0 && !(error < best_error)) continue;
      best_error = error;
      out.scales[s] = static_cast<std::int8_t>(scale_try);
      out.minimums[s] = static_cast<std::int8_t>(minimum_try);
      for (int i = 0; i < n; ++i) out.values[n * s + i] = static_cast<std::int8_t>(levels[i]);
    }
  }
}

/// Packs 256 values as scale · level, levels -top … top - 1, stored scales -scale_top … scale_top - 1. Stores the
/// block's half; the scale's neighbours are tried as above. `out.minimums` is not changed.
template <int n>
static inline void symmetric_levels(const float* values, float top, float scale_top, Candidates candidates,
                                    Half& super_scale, Levels<n>& out) noexcept {
  float scales[256 / n], weights[256], extreme = 0;
  for (int s = 0; s < 256 / n; ++s) {
    magnitude_weights<n>(values + n * s, weights + n * s);
    scales[s] = fit_symmetric<n>(values + n * s, weights + n * s, top, candidates);
    if (__builtin_fabsf(scales[s]) > __builtin_fabsf(extreme)) extreme = scales[s];
  }
  const float unit = store(super_scale, extreme == 0 ? 0.0f : extreme / -scale_top);
  for (int s = 0; s < 256 / n; ++s) {
    const float* sub = values + n * s;
    const float scale_level = nearest_level(scales[s] * inverse_or_zero(unit), -scale_top, scale_top - 1);
    float best_error = -1;
    float levels[n];
    for (const int neighbour : kNeighbours) {
      const float scale_try = nearest_level(scale_level + static_cast<float>(neighbour), -scale_top, scale_top - 1);
      const float scale = unit * scale_try;
      const float inverse = inverse_or_zero(scale);
      for (int i = 0; i < n; ++i) levels[i] = nearest_level(sub[i] * inverse, -top, top - 1);
      const float error = lane_sum<n>([&](int i) {
        const float difference = scale * levels[i] - sub[i];
        return weights[n * s + i] * difference * difference;
      });
      if (best_error >= 0 && !(error < best_error)) continue;
      best_error = error;
      out.scales[s] = static_cast<std::int8_t>(scale_try);
      for (int i = 0; i < n; ++i) out.values[n * s + i] = static_cast<std::int8_t>(levels[i]);
    }
  }
}

}  // namespace brim::quant
