// Packing and unpacking of every format in the list: how much is lost, and what happens at the limits of floats.
#include "quant/row.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string_view>
#include <vector>

#include "quant/half.hpp"

namespace {

using namespace brim::quant;

constexpr std::int64_t kCount = 2048;

std::vector<float> normal_row(unsigned seed, float deviation, float mean = 0) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<float> values(kCount);
  for (float& value : values) value = normal(generator);
  return values;
}

std::vector<std::byte> packed(Format format, const std::vector<float>& values) {
  std::vector<std::byte> bytes(row_bytes(format, static_cast<std::int64_t>(values.size())));
  pack_row(format, values.data(), bytes.data(), static_cast<std::int64_t>(values.size()));
  return bytes;
}

std::vector<float> unpacked(Format format, const std::vector<std::byte>& bytes, std::int64_t count = kCount) {
  std::vector<float> values(static_cast<std::size_t>(count));
  unpack_row(format, bytes.data(), values.data(), count);
  return values;
}

double root_mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

/// The max loss of a format with this number of bits on normally distributed values of deviation 1: 3 · 2^-bits holds
/// for all formats of the list; the 16-bit formats use bits for their range, and the one with fewer value bits has 9 of
/// them.
double allowed_error(Format format) {
  const double bits = 8.0 * info(format).block_bytes / info(format).block_length;
  return 3.0 * std::exp2(-std::min(bits, 9.0));
}

template <class Check>
void for_each_packable(Check check) {
  int packable = 0;
  for (int i = 0; i < kFormatCount; ++i) {
    const auto format = static_cast<Format>(i);
    if (!can_pack(format)) continue;
    ++packable;
    CAPTURE(info(format).name);
    check(format);
  }
  REQUIRE(packable == 14);
}

}  // namespace

TEST_CASE("formats with codebooks, and those that only other programs write, cannot be packed") {
  const std::set<std::string_view> read_only = {"TQ1_0", "TQ2_0", "NVFP4", "Q1_0", "Q2_0"};
  for (int i = 0; i < kFormatCount; ++i) {
    const auto format = static_cast<Format>(i);
    const std::string_view name = info(format).name;
    CHECK(can_pack(format) == (name.substr(0, 2) != "IQ" && !read_only.contains(name)));
  }
}

TEST_CASE("a round trip loses no more than the format's bits allow, at any scale") {
  for_each_packable([](Format format) {
    for (const float deviation : {0.02f, 1.0f, 300.0f}) {
      CAPTURE(deviation);
      const std::vector<float> values = normal_row(7, deviation);
      const double error = root_mean_square(values, unpacked(format, packed(format, values)));
      CHECK(error <= allowed_error(format) * deviation);
    }
    const std::vector<float> shifted = normal_row(8, 0.1f, 3.0f);  // all positive, far from zero
    CHECK(root_mean_square(shifted, unpacked(format, packed(format, shifted))) <= allowed_error(format) * 3.2f);
  });
}

TEST_CASE("16- and 32-bit rows hold the nearest value") {
  const std::vector<float> values = normal_row(9, 1.0f);
  const std::vector<float> whole = unpacked(Format::f32, packed(Format::f32, values));
  const std::vector<float> half = unpacked(Format::f16, packed(Format::f16, values));
  const std::vector<float> brain = unpacked(Format::bf16, packed(Format::bf16, values));
  for (std::size_t i = 0; i < values.size(); ++i) {
    REQUIRE(whole[i] == values[i]);
    REQUIRE(half[i] == f16_to_f32(f32_to_f16(values[i])));
    REQUIRE(brain[i] == bf16_to_f32(f32_to_bf16(values[i])));
  }
}

TEST_CASE("packing what was unpacked changes next to nothing") {
  for_each_packable([](Format format) {
    const std::vector<float> values = normal_row(11, 1.0f);
    const std::vector<float> once = unpacked(format, packed(format, values));
    const std::vector<float> twice = unpacked(format, packed(format, once));
    const double lost = root_mean_square(values, once), lost_again = root_mean_square(once, twice);
    if (info(format).block_length < 256) CHECK(lost_again <= 1e-3 * lost);
    CHECK(lost_again <= 0.15 * lost);
  });
}

TEST_CASE("values that are not finite pack as zeros do") {
  for_each_packable([](Format format) {
    std::vector<float> holes = normal_row(13, 1.0f), zeros = holes;
    const float odd[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                         -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::signaling_NaN()};
    for (std::size_t i = 0; i < holes.size(); i += 5) {
      std::memcpy(&holes[i], &odd[i % 4], sizeof(float));
      zeros[i] = 0;
    }
    CHECK(packed(format, holes) == packed(format, zeros));
  });
}

TEST_CASE("rows of zeros, of one value and of extremes stay finite and near") {
  for_each_packable([](Format format) {
    const std::vector<float> zeros(kCount, 0.0f);
    for (const float value : unpacked(format, packed(format, zeros))) REQUIRE(value == 0);
    // The scales of MXFP4 are powers of two: a constant is the nearest of 2, 3, 4, 6, 8 times one of them.
    const float nearness = format == Format::mxfp4 ? 0.2f : 0.01f;
    for (const float constant : {1.0f, -1.0f, 0.013f, -250.0f}) {
      const std::vector<float> values(kCount, constant);
      for (const float value : unpacked(format, packed(format, values)))
        REQUIRE(std::abs(value / constant - 1) < nearness);
    }
    for (const float extreme : {std::numeric_limits<float>::max(), 1e9f, 7e4f, 1e-8f, 1e-20f, 1e-38f,
                                std::numeric_limits<float>::denorm_min()}) {
      std::vector<float> values = normal_row(17, 1.0f);
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = i % 3 == 0 ? extreme : i % 3 == 1 ? -extreme : values[i] * extreme;
      for (const float value : unpacked(format, packed(format, values))) {
        REQUIRE(std::isfinite(value));
        REQUIRE(std::abs(value) <= std::max(4.5f * extreme, 1e-6f));
      }
    }
  });
}

TEST_CASE("rows need no alignment and nothing beside them is touched") {
  for (int i = 0; i < kFormatCount; ++i) {
    const auto format = static_cast<Format>(i);
    CAPTURE(info(format).name);
    const std::vector<float> values = normal_row(19, 1.0f);
    std::vector<std::byte> bytes(row_bytes(format, kCount), std::byte{0x5A});
    if (can_pack(format)) bytes = packed(format, values);
    const std::vector<float> expected = unpacked(format, bytes);
    std::vector<std::byte> moved(bytes.size() + 4, std::byte{0xA5});
    std::vector<float> guarded(kCount + 2, -7.0f);
    std::memcpy(moved.data() + 3, bytes.data(), bytes.size());
    unpack_row(format, moved.data() + 3, guarded.data() + 1, kCount);
    CHECK(std::memcmp(guarded.data() + 1, expected.data(), kCount * sizeof(float)) == 0);
    CHECK(guarded.front() == -7.0f);
    CHECK(guarded.back() == -7.0f);
    if (!can_pack(format)) continue;
    std::memset(moved.data(), 0xA5, moved.size());
    pack_row(format, values.data(), moved.data() + 3, kCount);
    CHECK(std::memcmp(moved.data() + 3, bytes.data(), bytes.size()) == 0);
    CHECK(moved[2] == std::byte{0xA5});
    CHECK(moved.back() == std::byte{0xA5});
  }
}

TEST_CASE("the larger values of a block are kept better than chance") {
  // Q4_0 and Q5_0 have one more level on one side and use it for the largest value, whatever its sign.
  for (const Format format : {Format::q4_0, Format::q5_0}) {
    for (const float sign : {1.0f, -1.0f}) {
      std::vector<float> values(32, 0.1f);
      values[5] = sign * 4.0f;
      CHECK(unpacked(format, packed(format, values), 32)[5] == values[5]);
    }
  }
}

TEST_CASE("MXFP4 takes the power of two that loses least") {
  // Block by block, no worse than the levels nearest under any scale.
  const std::vector<float> values = normal_row(23, 1.0f);
  const std::vector<float> ours = unpacked(Format::mxfp4, packed(Format::mxfp4, values));
  for (std::size_t block = 0; block < values.size(); block += 32) {
    double error = 0, least = std::numeric_limits<double>::max();
    for (std::size_t i = block; i < block + 32; ++i) error += std::pow(double{values[i]} - double{ours[i]}, 2);
    for (int power = -6; power <= 4; ++power) {
      double candidate = 0;
      for (std::size_t i = block; i < block + 32; ++i) {
        double nearest = std::numeric_limits<double>::max();
        for (const double level : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0}) {
          nearest = std::min(nearest, std::abs(std::abs(double{values[i]}) - std::ldexp(level, power)));
        }
        candidate += nearest * nearest;
      }
      least = std::min(least, candidate);
    }
    CHECK(error <= least * (1 + 1e-5));
  }
}

TEST_CASE("scales and codes that no writer makes unpack as ggml reads them") {
  std::vector<std::byte> block(row_bytes(Format::mxfp4, 32), std::byte{0x11});  // every level is ½
  const auto mxfp4 = [&](int exponent) {
    block[0] = static_cast<std::byte>(exponent);
    return unpacked(Format::mxfp4, block, 32)[0];
  };
  CHECK(mxfp4(0) == std::ldexp(1.0f, -128));
  CHECK(mxfp4(1) == std::ldexp(1.0f, -127));
  CHECK(mxfp4(2) == std::ldexp(1.0f, -126));
  CHECK(mxfp4(127) == 0.5f);
  CHECK(mxfp4(255) == std::ldexp(1.0f, 127));  // no NaN

  std::vector<std::byte> four(row_bytes(Format::nvfp4, 64), std::byte{0x22});  // every level is 1
  const auto nvfp4 = [&](int scale) {
    four[1] = static_cast<std::byte>(scale);
    return unpacked(Format::nvfp4, four, 64)[16];
  };
  CHECK(nvfp4(0) == 0);
  CHECK(nvfp4(1) == std::ldexp(1.0f, -9));
  CHECK(nvfp4(0x38) == 1.0f);
  CHECK(nvfp4(0x7e) == 448.0f);
  CHECK(nvfp4(0x7f) == 0);     // its NaN
  CHECK(nvfp4(0xb8) == 1.0f);  // the sign is ignored
  CHECK(nvfp4(0xff) == 480.0f);

  // TQ2_0 and Q2_0 have a fourth level, 2.
  std::vector<std::byte> ternary(row_bytes(Format::tq2_0, 256), std::byte{0xe4});
  const std::uint16_t one = f32_to_f16(1.0f);
  std::memcpy(ternary.data() + 64, &one, 2);
  const std::vector<float> levels = unpacked(Format::tq2_0, ternary, 256);
  CHECK(levels[0] == -1.0f);
  CHECK(levels[32] == 0.0f);
  CHECK(levels[64] == 1.0f);
  CHECK(levels[96] == 2.0f);
}
