// The work on rows between the products, each pass fused: normalisation, rotation, gating, loss, and their derivatives.
// Where it sits: beside product.hpp, below step.cpp. All lengths are multiples of 16.
#pragma once
#include <cmath>
#include <vector>

#include "product.hpp"

namespace demo {

/// 2^x by a polynomial on the fraction; the error (< 3e-5) is far below bfloat16's.
inline __m512 exp2_of(__m512 x) {
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 part = _mm512_sub_ps(x, whole);
  __m512 sum = _mm512_set1_ps(0.00961813f);
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(0.05550411f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(0.24022651f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(0.69314718f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(sum, whole);
}
constexpr float kLog2E = 1.44269504f;

/// out = x / rms(x) * gain in bfloat16; scale[row] = 1 / rms.
inline void normalise(const float* x, const float* gain, size_t rows, size_t d, Bf16* out, float* scale) {
  for (size_t row = 0; row < rows; ++row) {
    const float* in = x + row * d;
    __m512 squares = _mm512_setzero_ps();
    for (size_t i = 0; i < d; i += 16) squares = _mm512_fmadd_ps(_mm512_loadu_ps(in + i), _mm512_loadu_ps(in + i), squares);
    scale[row] = 1.0f / std::sqrt(_mm512_reduce_add_ps(squares) / static_cast<float>(d) + 1e-5f);
    const __m512 factor = _mm512_set1_ps(scale[row]);
    for (size_t i = 0; i < d; i += 16) {
      narrow(out + row * d + i, _mm512_mul_ps(_mm512_mul_ps(_mm512_loadu_ps(in + i), factor), _mm512_loadu_ps(gain + i)));
    }
  }
}

/// dx += the derivative through normalise(); dgain accumulates.
inline void normalise_back(const float* dout, const float* x, const float* scale, const float* gain, size_t rows, size_t d,
                           float* dx, float* dgain) {
  for (size_t row = 0; row < rows; ++row) {
    const float* in = x + row * d;
    const float* g = dout + row * d;
    const __m512 factor = _mm512_set1_ps(scale[row]);
    __m512 along = _mm512_setzero_ps();
    for (size_t i = 0; i < d; i += 16) {
      const __m512 unit = _mm512_mul_ps(_mm512_loadu_ps(in + i), factor);
      const __m512 grad = _mm512_loadu_ps(g + i);
      _mm512_storeu_ps(dgain + i, _mm512_fmadd_ps(grad, unit, _mm512_loadu_ps(dgain + i)));
      along = _mm512_fmadd_ps(_mm512_mul_ps(grad, _mm512_loadu_ps(gain + i)), unit, along);
    }
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(along) / static_cast<float>(d));
    for (size_t i = 0; i < d; i += 16) {
      const __m512 unit = _mm512_mul_ps(_mm512_loadu_ps(in + i), factor);
      const __m512 grad = _mm512_mul_ps(_mm512_loadu_ps(g + i), _mm512_loadu_ps(gain + i));
      const __m512 change = _mm512_mul_ps(_mm512_fnmadd_ps(unit, mean, grad), factor);
      float* to = dx + row * d + i;
      _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), change));
    }
  }
}

/// cosines and signed sines for positions 0…n−1, [n][head]: neighbours (2i, 2i+1) turn together, as GGUF's llama has it.
struct Rotation {
  std::vector<float> cosine, sine;
  Rotation(size_t n, size_t head, double base) : cosine(n * head), sine(n * head) {
    for (size_t position = 0; position < n; ++position) {
      for (size_t i = 0; i < head; ++i) {
        const double angle = static_cast<double>(position) * std::pow(base, -static_cast<double>(i / 2 * 2) / head);
        cosine[position * head + i] = static_cast<float>(std::cos(angle));
        sine[position * head + i] = static_cast<float>(i % 2 == 0 ? -std::sin(angle) : std::sin(angle));
      }
    }
  }
};

/// Rotates the first `heads` heads of each row (row length `step`) in place; `sign` −1 turns back.
inline void rotate(Bf16* rows, size_t count, size_t step, size_t heads, size_t head, size_t length, const Rotation& by,
                   float sign) {
  const __m512 turn = _mm512_set1_ps(sign);
  for (size_t row = 0; row < count; ++row) {
    const size_t position = row % length;
    for (size_t part = 0; part < head; part += 16) {
      const __m512 cosine = _mm512_loadu_ps(by.cosine.data() + position * head + part);
      const __m512 sine = _mm512_mul_ps(_mm512_loadu_ps(by.sine.data() + position * head + part), turn);
      for (size_t i = 0; i < heads; ++i) {
        Bf16* at = rows + row * step + i * head + part;
        const __m512 value = widen(at);
        const __m512 other = _mm512_permute_ps(value, 0xb1);
        narrow(at, _mm512_fmadd_ps(value, cosine, _mm512_mul_ps(other, sine)));
      }
    }
  }
}

inline __m512 sigmoid(__m512 x) {
  const __m512 power = exp2_of(_mm512_mul_ps(_mm512_max_ps(x, _mm512_set1_ps(-80.0f)), _mm512_set1_ps(-kLog2E)));
  return _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_add_ps(_mm512_set1_ps(1.0f), power));
}

/// out [rows][f] = silu(gate) * up for both [rows][2f] (gate first).
inline void gate(const Bf16* both, size_t rows, size_t f, Bf16* out) {
  for (size_t row = 0; row < rows; ++row) {
    const Bf16* in = both + row * 2 * f;
    for (size_t i = 0; i < f; i += 16) {
      const __m512 g = widen(in + i);
      narrow(out + row * f + i, _mm512_mul_ps(_mm512_mul_ps(g, sigmoid(g)), widen(in + f + i)));
    }
  }
}

/// The derivative of gate() towards both, from the one towards its result.
inline void gate_back(const Bf16* both, const Bf16* dout, size_t rows, size_t f, Bf16* dboth) {
  for (size_t row = 0; row < rows; ++row) {
    const Bf16* in = both + row * 2 * f;
    Bf16* to = dboth + row * 2 * f;
    for (size_t i = 0; i < f; i += 16) {
      const __m512 g = widen(in + i);
      const __m512 up = widen(in + f + i);
      const __m512 d = widen(dout + row * f + i);
      const __m512 s = sigmoid(g);
      const __m512 silu = _mm512_mul_ps(g, s);
      // silu' = s + silu (1 − s)
      const __m512 slope = _mm512_fmadd_ps(silu, _mm512_sub_ps(_mm512_set1_ps(1.0f), s), s);
      narrow(to + i, _mm512_mul_ps(_mm512_mul_ps(d, up), slope));
      narrow(to + f + i, _mm512_mul_ps(d, silu));
    }
  }
}

inline void narrow_all(const float* from, size_t count, Bf16* to) {
  for (size_t i = 0; i < count; i += 16) narrow(to + i, _mm512_loadu_ps(from + i));
}

/// Cross entropy of one row of logits: returns the natural-log loss of `target`, the most likely token in `best`, and, where
/// dlogits is given, its derivative times `weight`.
inline float cross_entropy(const float* logits, size_t vocabulary, int target, float weight, Bf16* dlogits, int* best) {
  __m512 highest = _mm512_set1_ps(-1e30f);
  for (size_t i = 0; i < vocabulary; i += 16) highest = _mm512_max_ps(highest, _mm512_loadu_ps(logits + i));
  const float top = _mm512_reduce_max_ps(highest);
  const __m512 factor = _mm512_set1_ps(kLog2E);
  const __m512 shift = _mm512_set1_ps(top);
  __m512 sum = _mm512_setzero_ps();
  *best = 0;
  bool found = false;
  for (size_t i = 0; i < vocabulary; i += 16) {
    const __m512 value = _mm512_loadu_ps(logits + i);
    const unsigned mask = found ? 0U : _mm512_cmp_ps_mask(value, shift, _CMP_EQ_OQ);
    if (mask != 0) {
      *best = static_cast<int>(i) + __builtin_ctz(mask);
      found = true;
    }
    sum = _mm512_add_ps(sum, exp2_of(_mm512_mul_ps(_mm512_sub_ps(value, shift), factor)));
  }
  const float total = _mm512_reduce_add_ps(sum);
  if (dlogits != nullptr) {
    const __m512 share = _mm512_set1_ps(weight / total);
    for (size_t i = 0; i < vocabulary; i += 16) {
      const __m512 power = exp2_of(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(logits + i), shift), factor));
      narrow(dlogits + i, _mm512_mul_ps(power, share));
    }
    const float probability = std::exp(logits[target] - top) / total;
    const float slope = weight * (probability - 1.0f);
    uint32_t bits;
    __builtin_memcpy(&bits, &slope, 4);
    dlogits[target] = static_cast<Bf16>((bits + 0x8000U) >> 16);
  }
  return std::log(total) + top - logits[target];
}

}  // namespace demo
