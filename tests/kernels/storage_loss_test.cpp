// The effect on attention of storing keys and values in fewer bits, in every instruction set: bounded by the errors of
// the stored numbers, compared with attention over the original numbers in doubles.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.hpp"
#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/rotated.hpp"

namespace {

using namespace brim;
using kernels::KvType;
using test::Random;
using test::RowState;

constexpr int kSize = 80, kEntries = 150;
constexpr float kScale = 0.1f;

// Vectors as a type stores them, one after another.
std::vector<double> stored(KvType type, const std::vector<float>& vectors) {
  std::vector<double> all;
  for (auto at = vectors.begin(); at != vectors.end(); at += kSize) {
    const std::vector<double> one = test::rotated(type, std::vector<float>(at, at + kSize));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

// Attention over the original numbers, and the same with the magnitudes of the values.
struct Exact {
  template <class Value>
  Exact(const std::vector<float>& query, const std::vector<float>& keys, const std::vector<Value>& values) {
    std::vector<double> weights(kEntries);
    double total = 0;
    for (int e = 0; e < kEntries; ++e) {
      double score = 0;
      for (int d = 0; d < kSize; ++d) {
        score += double{query[static_cast<std::size_t>(d)]} * double{keys[static_cast<std::size_t>(e * kSize + d)]};
      }
      total += weights[static_cast<std::size_t>(e)] = std::exp(score * static_cast<double>(kScale));
    }
    for (int e = 0; e < kEntries; ++e) {
      for (int d = 0; d < kSize; ++d) {
        const auto value = static_cast<double>(values[static_cast<std::size_t>(e * kSize + d)]);
        out[static_cast<std::size_t>(d)] += weights[static_cast<std::size_t>(e)] / total * value;
        magnitudes[static_cast<std::size_t>(d)] += weights[static_cast<std::size_t>(e)] / total * std::fabs(value);
      }
    }
  }
  std::vector<double> out = std::vector<double>(kSize, 0), magnitudes = std::vector<double>(kSize, 0);
};

}  // namespace

TEST_CASE("what a storage type loses of attention is within what its errors allow, and fewer bits lose more") {
  // p'_i = p_i e^{d_i} / sum of p_j e^{d_j} with |d_i| <= e gives |p'_i - p_i| <= p_i (e^{2e} - 1); values add their own errors.
  Random random(77);
  const std::vector<float> query = test::random_values(random, kSize);
  const std::vector<float> keys = test::random_values(random, kSize * kEntries);
  const std::vector<float> values = test::random_values(random, kSize * kEntries);
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    const auto error_of = [&](kernels::KvTypes types) {
      const auto pack = [&](KvType type, const std::vector<float>& from) {
        const std::size_t bytes = kernels::kv_vector_bytes(type, kSize);
        std::vector<std::byte> packed(bytes * kEntries);
        for (std::size_t e = 0; e < kEntries; ++e) {
          table.pack_kv[static_cast<int>(type)](from.data() + e * kSize, kSize, packed.data() + e * bytes);
        }
        return packed;
      };
      const auto packed_keys = pack(types.key, keys), packed_values = pack(types.value, values);
      const kernels::KvRun run{packed_keys.data(), packed_values.data(), kernels::kv_vector_bytes(types.key, kSize),
                               kernels::kv_vector_bytes(types.value, kSize), kEntries};
      RowState state{0, 0, std::vector<float>(kSize)};
      std::vector<float> scratch(static_cast<std::size_t>(kernels::attention_scratch(1, kSize, kSize)));
      const kernels::Seen seen{0, kEntries};
      table.attend[static_cast<int>(types.key)][static_cast<int>(types.value)](
          {&run,
           0,
           kEntries,
           kSize,
           kSize,
           query.data(),
           0,
           1,
           1,
           &seen,
           kScale,
           0.0f,
           {&state.largest, &state.sum, state.out.data(), 1},
           scratch.data()});
      // Errors are those of the stored numbers: rotated, like the query for keys and the output for values.
      const std::vector<double> stored_query = stored(types.key, query), stored_keys = stored(types.key, keys),
                                stored_values = stored(types.value, values);
      const auto errors_of = [&](KvType type, const std::vector<std::byte>& packed, std::vector<double> own) {
        std::vector<float> back(kSize * kEntries);
        for (std::size_t e = 0; e < kEntries; ++e) {
          const std::size_t bytes = kernels::kv_vector_bytes(type, kSize);
          table.unpack_kv[static_cast<int>(type)](packed.data() + e * bytes, kSize, back.data() + e * kSize);
        }
        const std::vector<double> found = stored(type, back);
        for (std::size_t i = 0; i < own.size(); ++i) own[i] = std::fabs(own[i] - found[i]);
        return own;
      };
      const std::vector<double> key_errors = errors_of(types.key, packed_keys, stored_keys),
                                value_errors = errors_of(types.value, packed_values, stored_values);
      const Exact exact(query, keys, stored_values);
      for (float& sum : state.out) sum /= state.sum;
      const std::vector<double> out = test::rotated(types.value, state.out);
      double moved = 0, squares = 0, whole = 0;
      for (int e = 0; e < kEntries; ++e) {
        double own = 0;
        for (int d = 0; d < kSize; ++d) {
          own += std::fabs(stored_query[static_cast<std::size_t>(d)]) *
                 key_errors[static_cast<std::size_t>(e * kSize + d)];
        }
        moved = std::max(moved, own * static_cast<double>(kScale));
      }
      for (int d = 0; d < kSize; ++d) {
        const auto at = static_cast<std::size_t>(d);
        double own = 0;
        for (int e = 0; e < kEntries; ++e) own = std::max(own, value_errors[static_cast<std::size_t>(e * kSize + d)]);
        const double off = out[at] - exact.out[at];
        REQUIRE(std::fabs(off) <= own + std::expm1(2 * moved) * exact.magnitudes[at] + 1e-5);
        squares += off * off;
        whole += exact.out[at] * exact.out[at];
      }
      return std::sqrt(squares / whole);
    };
    const double half = error_of(KvType::f16), eight = error_of(KvType::q8_0), four = error_of(KvType::q4_0),
                 keys_eight = error_of({KvType::q8_0, KvType::q4_0}), five = error_of(KvType::q5_0),
                 three = error_of(KvType::q3_0);
    CAPTURE(std::string(set));
    CAPTURE(four);
    CHECK(error_of(KvType::f32) < 1e-5);
    CHECK(half < 1e-3);
    CHECK(half < eight);
    CHECK(eight < 0.03);
    CHECK(eight < keys_eight);
    CHECK(keys_eight < four);
    CHECK(eight < five);
    CHECK(five < four);
    CHECK(four < three);
  }
}
