// Cached vectors in every instruction set: packing and unpacking.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/dispatch.hpp"
#include "quant/half.hpp"
#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/packed_rows.hpp"
#include "tests/kernels/rotated.hpp"

namespace {

using namespace brim;
using kernels::KvType;
using test::Random;

constexpr int kSizes[] = {1, 2, 4, 6, 7, 16, 24, 30, 31, 32, 33, 34, 48, 63, 64, 80, 96, 112, 128, 256};

double extreme_of(const std::vector<double>& block) {
  return *std::max_element(block.begin(), block.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });
}

/// The root of the smallest Σ error² of a block among the scales that packing may choose.
double smallest_error(KvType type, const std::vector<double>& block) {
  const double lowest = -std::ldexp(1.0, kernels::kv_level_bits(type) - 1), extreme = extreme_of(block);
  double smallest = std::numeric_limits<double>::infinity();
  for (const double factor : {1.0, 0.95, 0.9, 0.85, 0.8, 1.05}) {
    const auto half = quant::portable_f32_to_f16(static_cast<float>(extreme / lowest * factor));
    const auto scale = static_cast<double>(quant::portable_f16_to_f32(half));
    double squares = 0;
    for (const double value : block) {
      const double level = scale == 0 ? 0 : std::clamp(std::nearbyint(value / scale), lowest, -lowest - 1);
      squares += (value - level * scale) * (value - level * scale);
    }
    smallest = std::min(smallest, squares);
  }
  return std::sqrt(smallest);
}

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

TEST_CASE(
    "packing a cached vector and unpacking it is exact, to nearest half, or with the smallest error when rotated") {
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
      // Levels are those of the rotated vector, and each of two rotations may round.
      const auto stored = test::rotated(static_cast<KvType>(type), values);
      const auto unpacked = test::rotated(static_cast<KvType>(type), back);
      const double rounding = 3 * test::rotation_error(static_cast<KvType>(type), values);
      for (int i = 0; i < size; ++i) {
        const float value = values[static_cast<std::size_t>(i)], got = back[static_cast<std::size_t>(i)];
        if (type == static_cast<int>(KvType::f32)) REQUIRE(got == value);
        if (type == static_cast<int>(KvType::f16))
          REQUIRE(got == quant::portable_f16_to_f32(quant::portable_f32_to_f16(value)));
      }
      for (int first = 0; kernels::kv_scaled(static_cast<KvType>(type)) && first < size; first += 32) {
        const std::vector<double> block(stored.begin() + first, stored.begin() + std::min(first + 32, size));
        double squares = 0, worst = 0;
        for (std::size_t i = 0; i < block.size(); ++i) {
          const double off = std::fabs(unpacked[static_cast<std::size_t>(first) + i] - block[i]);
          squares += off * off;
          worst = std::max(worst, off);
        }
        if (type == static_cast<int>(KvType::q8_0)) {
          // Half a step of the stored scale, which is within 2^-11 of the ideal scale or, below normal halves, 2^-25; a
          // scale rounded down moves the largest value's limit by so many times its rounding as there are levels.
          const double step = std::fabs(extreme_of(block)) / 127;
          REQUIRE(worst <= step * 0.501 + 127 * std::max(step * 0x1p-11, 0x1p-25) + rounding);
        } else {
          REQUIRE(std::sqrt(squares) <= 1.01 * smallest_error(static_cast<KvType>(type), block) + 6 * rounding);
        }
      }
    }
  });
}

TEST_CASE("packing values that are too large stays in range; a NaN makes what is rotated with it NaN, and no other") {
  for_each_set_type_and_size([](const kernels::Table& table, int type, int size) {
    std::vector<float> values(static_cast<std::size_t>(size), 1e30f);
    values.back() = -std::numeric_limits<float>::infinity();
    const std::size_t nan = static_cast<std::size_t>(size) / 2;
    if (size != 2) values[nan] = std::numeric_limits<float>::quiet_NaN();  // in separate blocks, and next to infinity
    const std::size_t bytes = kernels::kv_vector_bytes(static_cast<KvType>(type), size);
    const test::GuardedBytes packed(bytes);
    table.pack_kv[type](values.data(), size, packed.data());
    std::vector<float> back(values.size());
    table.unpack_kv[type](packed.data(), size, back.data());
    if (type < static_cast<int>(KvType::q8_0)) return;
    std::size_t first = 0, end = 0;  // of the rotation's block that holds the NaN
    while (end <= nan) {
      first = end;
      end += static_cast<std::size_t>(kernels::kv_rotation_block(size - static_cast<int>(first)));
    }
    // Values behind the last whole 32 share a scale, whatever they are rotated with.
    first = first / kernels::kKvBlock * kernels::kKvBlock;
    end = (end + kernels::kKvBlock - 1) / kernels::kKvBlock * kernels::kKvBlock;
    for (std::size_t i = 0; i < back.size(); ++i) {
      const bool beside = size != 2 && i >= first && i < end;
      REQUIRE(std::isnan(back[i]) == beside);
      REQUIRE((beside || std::isfinite(back[i])));
    }
  });
}

TEST_CASE("a whole q4_0 block is GGUF's: value i and i + 16 share a byte; a short one pairs its own halves") {
  for (int size : {32, 48, 7}) {
    std::vector<float> levels(static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i) levels[static_cast<std::size_t>(i)] = static_cast<float>(i % 16 - 8);  // scale 1
    const std::vector<double> rotated_values = test::rotated(KvType::q4_0, levels);
    const std::vector<float> values(rotated_values.begin(), rotated_values.end());
    const std::size_t bytes = kernels::kv_vector_bytes(KvType::q4_0, size);
    CHECK(bytes == (size == 32 ? 18u : size == 48 ? 28u : 6u));
    std::vector<std::byte> packed(bytes);
    kernels::table_for("generic").pack_kv[static_cast<int>(KvType::q4_0)](values.data(), size, packed.data());
    const auto level = [&](int byte, int shift) {
      return (static_cast<int>(packed[static_cast<std::size_t>(byte)]) >> shift) & 15;
    };
    if (size == 7) {
      for (int i = 0; i < 4; ++i) CHECK(level(2 + i, 0) == i);
      for (int i = 0; i < 3; ++i) CHECK(level(2 + i, 4) == 4 + i);
      continue;
    }
    for (int i = 0; i < 16; ++i) {
      CHECK(level(2 + i, 0) == i);
      CHECK(level(2 + i, 4) == i);
    }
    for (int i = 0; size == 48 && i < 8; ++i) {
      CHECK(level(20 + i, 0) == i);
      CHECK(level(20 + i, 4) == 8 + i);
    }
  }
}

TEST_CASE("levels of fewer than eight bits lie where kv_type.hpp says, in whole and in short blocks") {
  for_each_set_type_and_size([](const kernels::Table& table, int number, int size) {
    const auto type = static_cast<KvType>(number);
    if (!kernels::kv_below_8_bits(type)) return;
    Random random(static_cast<std::uint64_t>(size) + 3);
    const std::vector<float> values = test::random_values(random, size);
    std::vector<std::byte> packed(kernels::kv_vector_bytes(type, size));
    table.pack_kv[number](values.data(), size, packed.data());
    std::vector<float> stored, back(values.size());
    std::size_t at = 0;
    for (int first = 0; first < size; first += 32) {
      const auto count = static_cast<std::size_t>(std::min(32, size - first));
      const auto byte = [&](std::size_t i) { return static_cast<unsigned>(packed[at + 2 + i]); };
      std::uint16_t half = 0;
      std::memcpy(&half, packed.data() + at, 2);
      const std::size_t pairs = (count + 1) / 2, quarters = (count + 3) / 4;
      for (std::size_t i = 0; i < count; ++i) {
        int level = 0;
        if (type == KvType::q3_0) {
          level = static_cast<int>(byte(i % quarters) >> (2 * (i / quarters)) & 3) - 4;
          level += static_cast<int>(byte(quarters + i / 8) >> (i % 8) & 1) * 4;
        } else {
          level = static_cast<int>(byte(i % pairs) >> (4 * (i / pairs)) & 15) - (type == KvType::q4_0 ? 8 : 16);
          if (type == KvType::q5_0) level += static_cast<int>(byte(pairs + i / 8) >> (i % 8) & 1) * 16;
        }
        stored.push_back(quant::portable_f16_to_f32(half) * static_cast<float>(level));
      }
      at += 2 + (type == KvType::q3_0 ? quarters : pairs) + (type == KvType::q4_0 ? 0 : (count + 7) / 8);
    }
    REQUIRE(at == packed.size());
    table.unpack_kv[number](packed.data(), size, back.data());
    const std::vector<double> expected = test::rotated(type, stored);
    for (std::size_t i = 0; i < back.size(); ++i) {
      REQUIRE(std::fabs(static_cast<double>(back[i]) - expected[i]) <= test::rotation_error(type, stored));
    }
  });
}

TEST_CASE("what one dimension holds is stored in the levels of all: an outlier does not set the step of the others") {
  for_each_set_type_and_size([](const kernels::Table& table, int type, int size) {
    if (!kernels::kv_scaled(static_cast<KvType>(type)) || size < 64 || size > 128) return;
    Random random(static_cast<std::uint64_t>(size) + 7);
    std::vector<float> values = test::random_values(random, size);
    values[5] = 40.0f;
    std::vector<std::byte> packed(kernels::kv_vector_bytes(static_cast<KvType>(type), size));
    std::vector<float> back(values.size());
    table.pack_kv[type](values.data(), size, packed.data());
    table.unpack_kv[type](packed.data(), size, back.data());
    double squares = 0;
    for (std::size_t i = 0; i < 32; ++i) squares += std::pow(double{back[i]} - double{values[i]}, 2);
    // Unrotated, the step of this block would be 40 divided by the number of levels on a side, with errors of .29 steps.
    const double step = 40.0 / (std::ldexp(1.0, kernels::kv_level_bits(static_cast<KvType>(type)) - 1));
    CHECK(std::sqrt(squares / 32) < 0.29 * step / 3);
  });
}

TEST_CASE("names of storage types are read back, and nothing else is") {
  for (int key = 0; key < kernels::kKvTypeCount; ++key) {
    for (int value = 0; value < kernels::kKvTypeCount; ++value) {
      const kernels::KvTypes types(static_cast<KvType>(key), static_cast<KvType>(value));
      const auto name = kernels::kv_types_name(types);
      CHECK(kernels::parse_kv_types(name) == types);
      CHECK(name.data()[name.size()] == '\0');
      const std::string both =
          std::string(kernels::kv_type_name(types.key)) + ":" + std::string(kernels::kv_type_name(types.value));
      CHECK(kernels::parse_kv_types(both) == types);
      CHECK(name == (key == value ? std::string(kernels::kv_type_name(types.key)) : both));
    }
  }
  for (const char* wrong : {"", ":", "f16:", ":f16", "f16:f16:f16", "F16", "q4_1", "q8_0 ", "f16,q8_0"}) {
    CHECK(!kernels::parse_kv_types(wrong));
  }
}
