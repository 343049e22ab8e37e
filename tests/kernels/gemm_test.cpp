// Gemm of panels with more than sixteen tokens in bf16: every instruction set that has it, and on x86 the AMX set's,
// run by an imitation of its instructions. Compared with doubles, and bit by bit with the same token in other batches.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/dispatch.hpp"
#include "kernels/self_check.hpp"
#include "quant/half.hpp"
#include "quant/panel.hpp"
#include "tests/kernels/packed_rows.hpp"
#if defined(__x86_64__)
#include "tests/kernels/tiles/products.hpp"
#endif

namespace {

using namespace brim;
using kernels::Activation;
using quant::Format;
using test::Random;

constexpr double kBf16 = 0x1p-8;  ///< the max error of rounding to bf16, relative to the value

struct Named {
  std::string name;
  kernels::Table table;
};

/// Every table with gemm.
std::vector<Named> tables() {
  std::vector<Named> found;
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    const auto* begin = table.panel_gemm;
    if (std::any_of(begin, begin + quant::kFormatCount, [](auto product) { return product != nullptr; })) {
      found.push_back({std::string(set), table});
    }
  }
#if defined(__x86_64__)
  if (kernels::this_machine().features & kernels::kAvx512Bf16) {
    found.push_back({"imitated tiles", kernels::table_for("avx512_bf16")});
    test::fill_imitated_tiles(found.back().table);
    found.push_back({"vdpbf16ps", kernels::table_for("avx512_bf16")});
    test::fill_every_vector_product(found.back().table);
  }
#endif
  return found;
}

template <class Check>
void for_each_way(Check check) {
  for (const Named& way : tables()) {
    CAPTURE(way.name);
    for (Format format : test::all_formats()) {
      const std::string format_name = test::name_of(format);
      CAPTURE(format_name);
      if (way.table.panel_gemm[static_cast<int>(format)] != nullptr) check(way.table, format);
    }
  }
#if defined(__x86_64__)
  // Their file contains AVX-512 code everywhere.
  if (kernels::this_machine().features & kernels::kAvx512Bf16) {
    const std::string faults = test::tile_faults();
    CHECK(faults == "");
  }
#endif
}

/// A matrix in panels, allocated to its exact size: a sanitizer detects reads beyond the end.
struct Panels {
  Panels(Format of, const std::vector<std::byte>& packed, std::int64_t row_count, std::int64_t col_count)
      : format(of),
        rows(row_count),
        cols(col_count),
        bytes(quant::panel_bytes(of, col_count)),
        data(bytes * static_cast<std::size_t>(quant::panel_count(row_count))) {
    const std::size_t row_bytes = quant::row_bytes(format, cols);
    for (std::int64_t row = 0; row < rows; row += quant::kPanelRows) {
      quant::pack_panel(format, packed.data() + static_cast<std::size_t>(row) * row_bytes, row_bytes,
                        static_cast<int>(std::min<std::int64_t>(quant::kPanelRows, rows - row)), cols,
                        data.data() + static_cast<std::size_t>(row / quant::kPanelRows) * bytes);
    }
  }
  Format format;
  std::int64_t rows, cols;
  std::size_t bytes;
  std::vector<std::byte> data;
};

/// The product of some tokens, with `gap` floats between their results, which must stay unchanged.
std::vector<float> run(const kernels::Table& table, const Panels& weights, const float* x, std::int64_t tokens,
                       std::int64_t gap = 3) {
  const std::size_t stride = kernels::activation_bytes(Activation::bf16, weights.cols);
  std::vector<std::byte> activations(stride * static_cast<std::size_t>(tokens));
  for (std::int64_t t = 0; t < tokens; ++t) {
    table.prepare[static_cast<int>(Activation::bf16)](x + t * weights.cols, weights.cols,
                                                      activations.data() + static_cast<std::size_t>(t) * stride);
  }
  const std::int64_t out_stride = weights.rows + gap;
  // No gap after the last token: nothing may be written there.
  std::vector<float> out(static_cast<std::size_t>(tokens * out_stride - gap), -7.5f);
  std::vector<std::byte> memory(kernels::kGemmScratchBytes + 64);
  kernels::PanelProduct p{weights.data.data(), weights.bytes, weights.rows, weights.cols,
                          activations.data(),  stride,        tokens,       out.data(),
                          out_stride};
  p.scratch = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
  table.panel_gemm[static_cast<int>(weights.format)](p);
  std::vector<float> results;
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t i = 0; i < out_stride; ++i) {
      if (t * out_stride + i >= static_cast<std::int64_t>(out.size())) break;
      const float value = out[static_cast<std::size_t>(t * out_stride + i)];
      if (i < weights.rows) results.push_back(value);
      if (i >= weights.rows) REQUIRE(value == -7.5f);
    }
  }
  return results;
}

double as_bf16(double value) {
  return static_cast<double>(quant::bf16_to_f32(quant::f32_to_bf16(static_cast<float>(value))));
}

/// Two bounds, both from the operands' magnitudes. Compared with the operands rounded to bf16, which are the numbers
/// that are multiplied: the roundings of additions, at most one of 2^-24 for each column and four for each tile,
/// relative to the sum of the terms' magnitudes. A level's value has an error of at most 2^-20 of the format's reach;
/// this may also change the rounding of a few values that lie between two bf16 numbers. Compared with the floats: 2^-8
/// of each operand, so twice that and its square for each term.
void check_product(const kernels::Table& table, Format format, const std::vector<std::byte>& packed,
                   const std::vector<float>& x, std::int64_t rows, std::int64_t cols, std::int64_t tokens) {
  const std::vector<float> out = run(table, Panels(format, packed, rows, cols), x.data(), tokens);
  std::vector<float> row(static_cast<std::size_t>(cols));
  std::vector<double> weight(row.size());
  const double rounding = (static_cast<double>(cols) * 1.25 + 8) * 0x1p-24;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::byte* at = packed.data() + static_cast<std::size_t>(r) * quant::row_bytes(format, cols);
    quant::unpack_row(format, at, row.data(), cols);
    const std::vector<double> magnitude = test::reach(format, at, cols);
    for (std::size_t c = 0; c < row.size(); ++c) weight[c] = as_bf16(static_cast<double>(row[c]));
    for (std::int64_t t = 0; t < tokens; ++t) {
      double expected = 0, exact = 0, parts = 0, made = 0, largest = 0;
      for (std::int64_t c = 0; c < cols; ++c) {
        const auto i = static_cast<std::size_t>(c);
        const auto value = static_cast<double>(x[static_cast<std::size_t>(t * cols + c)]);
        const double both = static_cast<double>(row[i]) * value;
        expected += weight[i] * as_bf16(value);
        exact += both;
        parts += std::fabs(both);
        made += magnitude[i] * std::fabs(value) * 0x1p-20;
        largest = std::max(largest, std::fabs(both));
      }
      const auto got = static_cast<double>(out[static_cast<std::size_t>(t * rows + r)]);
      CAPTURE(r);
      CAPTURE(t);
      REQUIRE(std::fabs(got - expected) <= rounding * parts + made + 4 * kBf16 * largest + 1e-30);
      REQUIRE(std::fabs(got - exact) <= (2 * kBf16 + kBf16 * kBf16) * parts + rounding * parts + made + 1e-30);
    }
  }
}

std::vector<std::int64_t> widths_of(Format format) {
  const std::int64_t length = quant::info(format).block_length;
  if (length == 1) return {1, 2, 31, 32, 33, 95, 511, 515, 2049};
  if (length == 32) return {32, 96, 512, 544, 2080};
  return {256, 768, 2304};
}

}  // namespace

TEST_CASE("products of many tokens agree with doubles for odd shapes") {
  for_each_way([](const kernels::Table& table, Format format) {
    Random random(7);
    for (const std::int64_t cols : widths_of(format)) {
      for (const std::int64_t rows : {1, 16, 19, 33, 50}) {
        for (const std::int64_t tokens : {17, 32, 37, 49}) {
          if (cols > 300 && rows != 19 && (rows != 50 || tokens != 37)) continue;
          CAPTURE(cols);
          CAPTURE(rows);
          CAPTURE(tokens);
          check_product(table, format, test::random_rows(random, format, rows, cols),
                        test::random_values(random, tokens * cols), rows, cols, tokens);
        }
      }
    }
  });
}

TEST_CASE(
    "a token's bits do not depend on how many others there are, nor on its place; a row's not on the rows beside it") {
  for_each_way([](const kernels::Table& table, Format format) {
    const std::int64_t rows = 45, tokens = 75, cols = quant::info(format).block_length == 1 ? 2100 : 2304;
    Random random(11);
    const std::vector<std::byte> packed = test::random_rows(random, format, rows, cols);
    const std::vector<float> x = test::random_values(random, tokens * cols);
    const std::vector<float> together = run(table, Panels(format, packed, rows, cols), x.data(), tokens);
    for (const std::int64_t count : {17, 18, 31, 33, 64}) {
      for (const std::int64_t first : {std::int64_t{0}, std::int64_t{5}, tokens - count}) {
        CAPTURE(count);
        CAPTURE(first);
        const std::int64_t row = first % 2 == 0 ? 0 : 13, some = first % 2 == 0 ? rows : 17;
        const std::size_t row_bytes = quant::row_bytes(format, cols);
        const auto begin = packed.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(row) * row_bytes);
        const std::vector<std::byte> part(
            begin, begin + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(some) * row_bytes));
        const std::vector<float> apart =
            run(table, Panels(format, part, some, cols), x.data() + first * cols, count, 0);
        for (std::int64_t t = 0; t < count; ++t) {
          REQUIRE(std::memcmp(apart.data() + t * some, together.data() + (first + t) * rows + row,
                              static_cast<std::size_t>(some) * sizeof(float)) == 0);
        }
      }
    }
  });
}

TEST_CASE("products of many tokens: the largest levels and scales, and values that are not finite, show as they are") {
  const float infinity = std::numeric_limits<float>::infinity();
  for_each_way([&](const kernels::Table& table, Format format) {
    const std::int64_t rows = 18, cols = 512, tokens = 20;
    if (quant::info(format).block_length > 1) {
      for (const unsigned fill : {0x00u, 0xffu, 0x7fu, 0x80u, 0x88u, 0x0fu, 0xf0u, 0x3fu, 0xc0u}) {
        std::vector<float> x(static_cast<std::size_t>(tokens * cols));
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 3 == 0 ? -1000.0f : 1000.0f;
        CAPTURE(fill);
        check_product(table, format, test::constant_rows(format, rows, cols, static_cast<std::uint8_t>(fill), 0x3c00),
                      x, rows, cols, tokens);
      }
      // A half scale that is infinite or not a number, in all rows: every NaN payload must be preserved.
      for (const unsigned scale : {0x7c00u, 0xfc00u, 0x7e00u, 0x7fffu, 0xffffu}) {
        if (!test::has_half_scale(format)) break;
        CAPTURE(scale);
        const std::vector<std::byte> bad =
            test::constant_rows(format, rows, cols, 0x35, static_cast<std::uint16_t>(scale));
        const std::vector<float> x(static_cast<std::size_t>(tokens * cols), 1.0f);
        for (const float value : run(table, Panels(format, bad, rows, cols), x.data(), tokens))
          REQUIRE(!std::isfinite(value));
      }
    }
    Random random(3);
    const Panels weights(format, test::random_rows(random, format, rows, cols), rows, cols);
    for (const float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> x = test::random_values(random, tokens * cols);
      const std::vector<float> good = run(table, weights, x.data(), tokens);
      x[static_cast<std::size_t>(18 * cols + 77)] = bad;
      const std::vector<float> out = run(table, weights, x.data(), tokens);
      for (std::int64_t t = 0; t < tokens; ++t) {
        for (std::int64_t r = 0; r < rows; ++r) {
          const auto at = static_cast<std::size_t>(t * rows + r);
          if (t == 18) {
            REQUIRE(!std::isfinite(out[at]));
          } else {
            REQUIRE(std::memcmp(&out[at], &good[at], sizeof(float)) == 0);
          }
        }
      }
    }
  });
}

TEST_CASE("bf16 activations are rounded to nearest even and filled up with zeros, by every set") {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    CAPTURE(std::string(set));
    Random random(5);
    for (const std::int64_t cols : {1, 15, 16, 17, 31, 32, 33, 100}) {
      std::vector<float> x = test::random_values(random, cols);
      x[0] = 1.00390625f;  // between two bf16 numbers: rounds down to the even one
      const std::size_t bytes = kernels::activation_bytes(Activation::bf16, cols);
      REQUIRE(bytes == static_cast<std::size_t>((cols + 31) / 32 * 64));
      std::vector<std::byte> made(bytes, std::byte{0xaa});
      table.prepare[static_cast<int>(Activation::bf16)](x.data(), cols, made.data());
      for (std::int64_t c = 0; c < (cols + 31) / 32 * 32; ++c) {
        std::uint16_t bits;
        std::memcpy(&bits, made.data() + 2 * c, 2);
        REQUIRE(bits == (c < cols ? quant::f32_to_bf16(x[static_cast<std::size_t>(c)]) : 0));
      }
    }
  }
}

TEST_CASE("weights with more bits than bf16 has never pass through it") {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    CHECK((table.panel_gemm[static_cast<int>(Format::f32)] == nullptr));
    CHECK((table.panel_gemm[static_cast<int>(Format::f16)] == nullptr));
  }
}

TEST_CASE("the check before a set is used passes what is right and notices what is not") {
  for (Named& way : tables()) {
    CAPTURE(way.name);
    CHECK(kernels::gemm_is_right(way.table));
    for (const Format format : {Format::q8_0, Format::bf16}) {
      kernels::Table broken = way.table;
      broken.panel_gemm[static_cast<int>(format)] = [](const kernels::PanelProduct& p) noexcept {
        for (std::int64_t t = 0; t < p.tokens; ++t) std::fill_n(p.out + t * p.out_stride, p.rows, 0.0f);
      };
      CHECK(!kernels::gemm_is_right(broken));
    }
  }
  CHECK(kernels::gemm_is_right(kernels::table_for("generic")));
}

#if defined(__x86_64__)

TEST_CASE("the imitation of tile instructions notices every broken rule") {
  if ((kernels::this_machine().features & kernels::kAvx512Bf16) == 0) return;
  const test::Noticed found = test::break_tile_rules();
  CHECK(found.broken == 16);
  CHECK(found.noticed == found.broken);
}

TEST_CASE("tiles are multiplied as often as the shape asks, and no more") {
  if ((kernels::this_machine().features & kernels::kAvx512Bf16) == 0) return;
  kernels::Table table = kernels::table_for("avx512_bf16");
  test::fill_imitated_tiles(table);
  test::tile_multiplications();
  Random random(9);
  const std::int64_t rows = 35, cols = 96, tokens = 50;
  const Panels weights(Format::q4_0, test::random_rows(random, Format::q4_0, rows, cols), rows, cols);
  run(table, weights, test::random_values(random, tokens * cols).data(), tokens);
  CHECK(test::tile_multiplications() == 3 * 3 * 4);  // panels, tiles of 32 columns, tiles of 16 tokens
  CHECK(test::tile_faults() == "");
}

#endif
