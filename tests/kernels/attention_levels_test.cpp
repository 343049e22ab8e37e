// Attention over values that are stored in levels: a damaged scale, and the same bits from every set that adds them up as
// integers with the same floats around.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "tests/kernels/attention_case.hpp"

namespace attention_levels_test {

using namespace brim;
using kernels::KvType;

TEST_CASE("a value whose scale is not a number shows in the rows that see it and in no other") {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    if (set == "neon") continue;  // multiplies the values of all rows that it takes together
    const kernels::Table table = kernels::table_for(set);
    for (const KvType type : {KvType::q8_0, KvType::q5_0, KvType::q4_0}) {
      const std::string name(set), type_name(kernels::kv_type_name(type));
      CAPTURE(name);
      CAPTURE(type_name);
      constexpr int kSize = 40;
      constexpr std::size_t kEntries = 50;
      const std::size_t bytes = kernels::kv_vector_bytes(type, kSize);
      std::vector<std::byte> keys(kEntries * bytes), values(kEntries * bytes);
      std::vector<float> vector(kSize), queries(2 * kSize, 0.1f);
      for (std::size_t e = 0; e < kEntries; ++e) {
        for (std::size_t d = 0; d < kSize; ++d) vector[d] = static_cast<float>((e * 7 + d * 3) % 11) / 11 - 0.4f;
        table.pack_kv[static_cast<int>(type)](vector.data(), kSize, keys.data() + e * bytes);
        if (e == 20) vector[35] = std::numeric_limits<float>::quiet_NaN();
        table.pack_kv[static_cast<int>(type)](vector.data(), kSize, values.data() + e * bytes);
      }
      const kernels::KvRun run{keys.data(), values.data(), bytes, bytes, kEntries};
      std::vector<float> largest(2), sums(2), out(2 * kSize);
      std::vector<float> scratch(static_cast<std::size_t>(kernels::attention_scratch(2, kSize, kSize)));
      const kernels::Seen seen[] = {{0, 20}, {0, 50}};
      table.attend[static_cast<int>(type)][static_cast<int>(type)]({&run,
                                                                    0,
                                                                    kEntries,
                                                                    kSize,
                                                                    kSize,
                                                                    queries.data(),
                                                                    kSize,
                                                                    1,
                                                                    2,
                                                                    seen,
                                                                    1.0f,
                                                                    0.0f,
                                                                    {largest.data(), sums.data(), out.data(), 1},
                                                                    scratch.data()});
      for (std::size_t d = 0; d < kSize; ++d) CHECK(std::isfinite(out[d] / sums[0]));
      CHECK(std::isnan(out[kSize + 39] / sums[1]));
    }
  }
}

TEST_CASE("sets with the same floats give values in levels the same bits, whichever products they use") {
  const std::vector<std::string_view> sets = kernels::usable_sets(kernels::this_machine(), "");
  const auto has = [&](std::string_view set) { return std::find(sets.begin(), sets.end(), set) != sets.end(); };
  if (!has("avx512") || !has("avx512_vnni")) return;
  for (const KvType type : {KvType::q8_0, KvType::q5_0, KvType::q4_0, KvType::q3_0}) {
    for (const int size : {16, 48, 64, 80, 96}) {
      test::AttentionShape shape;
      shape.types = {type, type};
      shape.key_size = shape.value_size = size;
      shape.group = 4;
      shape.tokens = 5;
      shape.first = 9;
      shape.end = 260;
      test::Random random(static_cast<std::uint64_t>(size));
      const test::AttentionCase made(random, shape, 3);
      CHECK(made.attend(kernels::table_for("avx512")) == made.attend(kernels::table_for("avx512_vnni")));
    }
  }
}

}  // namespace attention_levels_test
