// Short causal convolutions and recurrences in plain C++; sums are doubles, and what is stored is rounded once. A block
// is its tokens, one after another: what products of matrices have to equal.
#include "kernels/recurrence.hpp"

#include <cmath>

#include "kernels/generic/fill.hpp"

namespace brim::kernels::generic {
namespace {

void causal_convolution(const CausalConvolution& c) noexcept {
  for (std::int64_t i = 0; i < c.size; ++i) {
    double sum = c.bias != nullptr ? static_cast<double>(c.bias[i]) : 0.0;
    for (int j = 0; j < c.taps; ++j) {
      sum += static_cast<double>(c.weights[j * c.weight_stride + i]) * static_cast<double>(c.rows[j][i]);
    }
    c.out[i] = static_cast<float>(c.silu ? sum / (1.0 + std::exp(-sum)) : sum);
  }
}

template <bool kCorrects>
void step(const Recurrence& r, double decay, int column, std::int64_t t) noexcept {
  const float* key = r.keys + t * r.key_stride;
  const float* query = r.queries + t * r.key_stride;
  const auto cell = [&](int row) -> float& { return r.state[state_index(r.key_size, r.value_size, row, column)]; };
  const auto value = static_cast<double>(r.values[t * r.value_stride + column]);
  double update = value;
  if (kCorrects) {
    double sum = 0;
    for (int i = 0; i < r.key_size; ++i) {
      sum += static_cast<double>(cell(i)) * static_cast<double>(key[i]);
    }
    update -= decay * sum;
  }
  update *= static_cast<double>(r.rates[t * r.gate_stride]);
  double sum = 0;
  for (int i = 0; i < r.key_size; ++i) {
    cell(i) = static_cast<float>(static_cast<double>(cell(i)) * decay + static_cast<double>(key[i]) * update);
    sum += static_cast<double>(cell(i)) * static_cast<double>(query[i]);
  }
  r.out[t * r.out_stride + column] =
      static_cast<float>(sum * static_cast<double>(r.scale) + value * static_cast<double>(r.skip));
}

template <bool kCorrects>
void recurrence(const Recurrence& r) noexcept {
  for (std::int64_t t = 0; t < r.tokens; ++t) {
    const auto decay = static_cast<double>(r.decays[t * r.gate_stride]);
    for (int i = 0; i < r.value_size; ++i) step<kCorrects>(r, decay, i, t);
  }
}

template <bool kCorrects>
void block(const RecurrenceBlock& b) noexcept {
  const Recurrence& r = b.tokens;
  for (std::int64_t t = 0; t < r.tokens; ++t) {
    const double decay = std::exp(static_cast<double>(r.decays[t * r.gate_stride]));
    for (int i = 0; i < r.value_size; ++i) step<kCorrects>(r, decay, i, t);
  }
}

}  // namespace

void fill_recurrence(Table& table) {
  table.causal_convolution = causal_convolution;
  table.delta_rule = recurrence<true>;
  table.scan = recurrence<false>;
  table.delta_rule_block = block<true>;
  table.scan_block = block<false>;
}

}  // namespace brim::kernels::generic
