// Cached vectors in every set: packing and unpacking, scores and mixes against doubles, bits whatever the grouping.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/dispatch.hpp"
#include "quant/half.hpp"
#include "tests/kernels/packed_rows.hpp"

namespace {

using namespace brim;
using kernels::KvType;
using test::Random;

constexpr int kSizes[] = {2, 4, 6, 16, 24, 30, 32, 34, 48, 64, 80, 96, 112, 128, 256};

template <class Check>
void for_each_set_type_and_size(Check check) {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    for (int type = 0; type < kernels::kKvTypeCount; ++type) {
      for (int size : kSizes) {
        const std::string name(set), type_name(kernels::kv_type_name(static_cast<KvType>(type)));
        CAPTURE(name);
        CAPTURE(type_name);
        CAPTURE(size);
        check(table, type, size);
      }
    }
  }
}

/// `count` packed vectors of random values in [-1, 1), `stride` bytes apart in a buffer that ends with the last one.
struct Entries {
  std::size_t stride;
  std::vector<std::byte> bytes;
  std::vector<float> values;  ///< as unpacked by generic
};

Entries random_entries(Random& random, int type, int size, std::int64_t count) {
  const kernels::Table generic = kernels::table_for("generic");
  const std::size_t each = kernels::kv_vector_bytes(static_cast<KvType>(type), size);
  Entries made{each + 6, {}, {}};
  made.bytes.resize(count == 0 ? 0 : made.stride * static_cast<std::size_t>(count - 1) + each);
  made.values.resize(static_cast<std::size_t>(count * size));
  for (std::int64_t e = 0; e < count; ++e) {
    std::byte* at = made.bytes.data() + static_cast<std::size_t>(e) * made.stride;
    generic.pack_kv[type](test::random_values(random, size).data(), size, at);
    generic.unpack_kv[type](at, size, made.values.data() + e * size);
  }
  return made;
}

std::vector<float> scores_of(const kernels::Table& table, int type, int size, const Entries& entries, std::int64_t first,
                             std::int64_t count, const float* queries, int query_count) {
  std::vector<float> scores(static_cast<std::size_t>(count * query_count), 777.0f);
  kernels::KeyScores k{};
  k.keys = entries.bytes.data() + static_cast<std::size_t>(first) * entries.stride;
  k.stride = entries.stride;
  k.count = count;
  k.head_size = size;
  k.queries = queries;
  k.query_stride = size;
  k.query_count = query_count;
  k.scores = scores.data();
  k.score_stride = count;
  table.key_scores[type](k);
  return scores;
}

}  // namespace

TEST_CASE("packing a cached vector and unpacking it is exact, to nearest half, or within half a step") {
  for_each_set_type_and_size([](const kernels::Table& table, int type, int size) {
    Random random(static_cast<std::uint64_t>(size));
    for (const float scale : {1.0f, 1e-6f, 3e4f, 0.0f}) {
      std::vector<float> values = test::random_values(random, size);
      for (float& value : values) value *= scale;
      const std::size_t bytes = kernels::kv_vector_bytes(static_cast<KvType>(type), size);
      std::vector<std::byte> packed(bytes), by_generic(bytes);
      table.pack_kv[type](values.data(), size, packed.data());
      kernels::table_for("generic").pack_kv[type](values.data(), size, by_generic.data());
      REQUIRE(packed == by_generic);
      std::vector<float> back(values.size(), 777.0f);
      table.unpack_kv[type](packed.data(), size, back.data());
      for (int i = 0; i < size; ++i) {
        const float value = values[static_cast<std::size_t>(i)], got = back[static_cast<std::size_t>(i)];
        if (type == static_cast<int>(KvType::f32)) REQUIRE(got == value);
        if (type == static_cast<int>(KvType::f16)) REQUIRE(got == quant::portable_f16_to_f32(quant::portable_f32_to_f16(value)));
        if (type == static_cast<int>(KvType::q8_0)) {
          float largest = 0;
          for (int j = i / 32 * 32; j < size && j < i / 32 * 32 + 32; ++j) {
            largest = std::max(largest, std::fabs(values[static_cast<std::size_t>(j)]));
          }
          // Half a step of the stored scale, which is within 2^-11 of largest / 127 or, below normal halves, 2^-25;
          // a scale rounded down moves the largest value's limit by 127 times its rounding.
          const float step = largest / 127.0f;
          REQUIRE(std::fabs(got - value) <= step * 0.501f + 127 * std::max(step * 0x1p-11f, 0x1p-25f));
        }
      }
    }
  });
}

TEST_CASE("packing values that are not finite or too large stays in range") {
  for_each_set_type_and_size([](const kernels::Table& table, int type, int size) {
    std::vector<float> values(static_cast<std::size_t>(size), 1e30f);
    values[0] = std::numeric_limits<float>::quiet_NaN();
    values[1] = -std::numeric_limits<float>::infinity();
    std::vector<std::byte> packed(kernels::kv_vector_bytes(static_cast<KvType>(type), size));
    table.pack_kv[type](values.data(), size, packed.data());
    std::vector<float> back(values.size());
    table.unpack_kv[type](packed.data(), size, back.data());
    if (type == static_cast<int>(KvType::q8_0)) {
      for (float value : back) REQUIRE(std::isfinite(value));
    }
  });
}

TEST_CASE("scores agree with doubles, bit for bit whatever the grouping") {
  for_each_set_type_and_size([](const kernels::Table& table, int type, int size) {
    Random random(static_cast<std::uint64_t>(size) + 1);
    for (std::int64_t count : {0, 1, 3, 4, 7, 13}) {
      for (int query_count : {1, 2, 3, 4, 7}) {
        const Entries entries = random_entries(random, type, size, count);
        const std::vector<float> queries = test::random_values(random, query_count * size);
        const std::vector<float> scores = scores_of(table, type, size, entries, 0, count, queries.data(), query_count);
        for (int q = 0; q < query_count; ++q) {
          for (std::int64_t e = 0; e < count; ++e) {
            double expected = 0, parts = 0;
            for (int d = 0; d < size; ++d) {
              const double part = static_cast<double>(queries[static_cast<std::size_t>(q * size + d)]) *
                                  static_cast<double>(entries.values[static_cast<std::size_t>(e * size + d)]);
              expected += part;
              parts += std::fabs(part);
            }
            const float got = scores[static_cast<std::size_t>(q * count + e)];
            REQUIRE(std::fabs(static_cast<double>(got) - expected) <= (size / 4 + 8) * 0x1p-24 * parts);
            const float alone = scores_of(table, type, size, entries, e, 1, queries.data() + q * size, 1)[0];
            REQUIRE(std::memcmp(&got, &alone, 4) == 0);
          }
        }
      }
    }
  });
}

TEST_CASE("mixes agree with doubles, and do not depend on queries or on where the entries are cut") {
  for_each_set_type_and_size([](const kernels::Table& table, int type, int size) {
    Random random(static_cast<std::uint64_t>(size) + 2);
    for (std::int64_t count : {0, 1, 5, 12}) {
      for (int query_count : {1, 3, 4, 5}) {
        const Entries entries = random_entries(random, type, size, count);
        const std::vector<float> weights = test::random_values(random, query_count * count);
        const std::vector<float> start = test::random_values(random, query_count * size);
        const auto mix = [&](std::vector<float>& out, int query, int queries, std::int64_t first, std::int64_t length) {
          kernels::ValueMix v{};
          v.values = entries.bytes.data() + static_cast<std::size_t>(first) * entries.stride;
          v.stride = entries.stride;
          v.count = length;
          v.head_size = size;
          v.weights = weights.data() + query * count + first;
          v.weight_stride = count;
          v.query_count = queries;
          v.out = out.data() + query * size;
          v.out_stride = size;
          table.value_mix[type](v);
        };
        std::vector<float> out = start, cut = start;
        mix(out, 0, query_count, 0, count);
        for (int q = 0; q < query_count; ++q) mix(cut, q, 1, 0, count);
        REQUIRE(std::memcmp(out.data(), cut.data(), out.size() * 4) == 0);
        for (int q = 0; q < query_count; ++q) {
          for (int d = 0; d < size; ++d) {
            double expected = static_cast<double>(start[static_cast<std::size_t>(q * size + d)]);
            double parts = std::fabs(expected);
            for (std::int64_t e = 0; e < count; ++e) {
              const double part = static_cast<double>(weights[static_cast<std::size_t>(q * count + e)]) *
                                  static_cast<double>(entries.values[static_cast<std::size_t>(e * size + d)]);
              expected += part;
              parts += std::fabs(part);
            }
            const auto got = static_cast<double>(out[static_cast<std::size_t>(q * size + d)]);
            REQUIRE(std::fabs(got - expected) <= (static_cast<double>(count) + 8) * 0x1p-24 * parts);
          }
        }
      }
    }
  });
}
