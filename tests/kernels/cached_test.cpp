// Cached vectors in every set: packing and unpacking.
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
