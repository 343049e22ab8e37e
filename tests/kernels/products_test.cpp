// Products of every instruction set that this machine runs, for every format: compared with doubles, and bit by bit
// with the results of other tile shapes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/dispatch.hpp"
#include "quant/matrix.hpp"
#include "tests/kernels/packed_rows.hpp"

namespace {

using namespace brim;
using kernels::Activation;
using quant::Layout;
using test::Random;

/// Prepared activation rows as a kernel gets them, and the values that they represent.
struct Prepared {
  Activation kind = Activation::f32;
  std::size_t stride = 0;
  std::vector<std::byte> bytes;
  std::vector<double> values;       ///< [token][col]
  std::vector<double> uncertainty;  ///< [token][col]: the max distance of each from the float that it was made from
};

Prepared prepare(const kernels::Table& table, Activation kind, const std::vector<float>& x, std::int64_t tokens,
                 std::int64_t cols) {
  Prepared made;
  made.kind = kind;
  made.stride = kernels::activation_bytes(kind, cols);
  made.bytes.resize(made.stride * static_cast<std::size_t>(tokens));
  for (std::int64_t t = 0; t < tokens; ++t) {
    std::byte* row = made.bytes.data() + static_cast<std::size_t>(t) * made.stride;
    table.prepare[static_cast<int>(kind)](x.data() + t * cols, cols, row);
    for (std::int64_t c = 0; c < cols; ++c) {
      if (kind == Activation::f32) {
        made.values.push_back(static_cast<double>(x[static_cast<std::size_t>(t * cols + c)]));
        made.uncertainty.push_back(0);
        continue;
      }
      if (kind == Activation::q16_32 || kind == Activation::q16_words) {
        kernels::Q16Block block;
        const std::byte* at = row + c / 32 * static_cast<std::int64_t>(sizeof block);
        std::memcpy(&block, at, sizeof block);
        std::int16_t word;
        std::memcpy(&word, at + kernels::kQ16Quants + 2 * (c % 32), sizeof word);
        const int quant = kind == Activation::q16_words ? word : 256 * block.high[c % 32] + block.low[c % 32];
        made.values.push_back(static_cast<double>(block.scale) * quant);
        made.uncertainty.push_back(static_cast<double>(block.scale) * 1.5001);  // half a step; one step at level -128
        continue;
      }
      const std::byte* block = row + c / 256 * 320;
      float scale;
      int quant;
      if (kind == Activation::q8_32) {
        kernels::Q8Blocks32 group;
        std::memcpy(&group, block, sizeof group);
        const int b = static_cast<int>(c % 256 / 32);
        scale = group.scales[b];
        quant = group.quants[kernels::q8_32_index(b, static_cast<int>(c % 32))];
      } else {
        kernels::Q8Block256 group;
        std::memcpy(&group, block, sizeof group);
        scale = group.scale;
        quant = group.quants[c % 256];
      }
      made.values.push_back(static_cast<double>(scale) * quant);
      made.uncertainty.push_back(static_cast<double>(scale) * 0.5001);
    }
  }
  return made;
}

Activation wanted(const kernels::Table& table, quant::Format format, Layout layout) {
  const auto f = static_cast<int>(format);
  return layout == Layout::panels ? table.panel_activation[f] : table.activation[f];
}

std::vector<float> run_panels(const kernels::Table& table, quant::Format format, const std::vector<std::byte>& weights,
                              std::int64_t rows, std::int64_t cols, const Prepared& activations, std::int64_t tokens) {
  std::vector<float> out(static_cast<std::size_t>(rows * tokens), std::numeric_limits<float>::quiet_NaN());
  const std::size_t bytes = quant::panel_bytes(format, cols), row_bytes = quant::row_bytes(format, cols);
  // Allocated to the exact size: a sanitizer detects reads beyond the end.
  std::vector<std::byte> panels(bytes * static_cast<std::size_t>(quant::panel_count(rows)));
  for (std::int64_t row = 0; row < rows; row += quant::kPanelRows) {
    quant::pack_panel(format, weights.data() + static_cast<std::size_t>(row) * row_bytes, row_bytes,
                      static_cast<int>(std::min<std::int64_t>(quant::kPanelRows, rows - row)), cols,
                      panels.data() + static_cast<std::size_t>(row / quant::kPanelRows) * bytes);
  }
  table.panel_product[static_cast<int>(format)](
      {panels.data(), bytes, rows, cols, activations.bytes.data(), activations.stride, tokens, out.data(), rows});
  return out;
}

std::vector<float> run(const kernels::Table& table, quant::Format format, Layout layout,
                       const std::vector<std::byte>& weights, std::int64_t rows, std::int64_t cols,
                       const Prepared& activations, std::int64_t tokens) {
  if (layout == Layout::panels) return run_panels(table, format, weights, rows, cols, activations, tokens);
  std::vector<float> out(static_cast<std::size_t>(rows * tokens), std::numeric_limits<float>::quiet_NaN());
  // Rows in a mapped file may start anywhere, and nothing may be read beyond the last one.
  std::vector<std::byte> shifted(weights.size() + 1);
  std::memcpy(shifted.data() + 1, weights.data(), weights.size());
  kernels::Product p{};
  p.weights = shifted.data() + 1;
  p.row_bytes = quant::row_bytes(format, cols);
  p.rows = rows;
  p.cols = cols;
  p.activations = activations.bytes.data();
  p.activation_stride = activations.stride;
  p.tokens = tokens;
  p.out = out.data();
  p.out_stride = rows;
  table.product[static_cast<int>(format)](p);
  return out;
}

/// Compares a whole product with doubles.
/// The bound compared with the prepared values (which the kernel really multiplied): every value is scaled, converted
/// and added in float with at most cols / 8 + 32 roundings of 2^-24 each (float panels: cols), relative to the terms'
/// magnitudes (reach: a format's levels and offsets may be added separately and cancel). Compared with the floats, half
/// a step of each activation is added.
void check_product(const kernels::Table& table, quant::Format format, Layout layout,
                   const std::vector<std::byte>& weights, const std::vector<float>& x, std::int64_t rows,
                   std::int64_t cols, std::int64_t tokens) {
  const Prepared activations = prepare(table, wanted(table, format, layout), x, tokens, cols);
  const std::vector<float> out = run(table, format, layout, weights, rows, cols, activations, tokens);
  std::vector<float> row(static_cast<std::size_t>(cols));
  const bool one_sum = layout == Layout::panels && quant::info(format).block_length == 1;
  const double rounding = (static_cast<double>(cols) / (one_sum ? 1 : 8) + 32) * 0x1p-24;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::byte* packed = weights.data() + static_cast<std::size_t>(r) * quant::row_bytes(format, cols);
    quant::unpack_row(format, packed, row.data(), cols);
    const std::vector<double> magnitude = test::reach(format, packed, cols);
    for (std::int64_t t = 0; t < tokens; ++t) {
      double expected = 0, exact = 0, parts = 0, steps = 0;
      for (std::int64_t c = 0; c < cols; ++c) {
        const auto at = static_cast<std::size_t>(t * cols + c);
        const auto weight = static_cast<double>(row[static_cast<std::size_t>(c)]);
        expected += weight * activations.values[at];
        exact += weight * static_cast<double>(x[at]);
        parts += magnitude[static_cast<std::size_t>(c)] * std::fabs(activations.values[at]);
        steps += std::fabs(weight) * activations.uncertainty[at];
      }
      const auto got = static_cast<double>(out[static_cast<std::size_t>(t * rows + r)]);
      CAPTURE(r);
      CAPTURE(t);
      REQUIRE(std::fabs(got - expected) <= rounding * parts + 1e-30);
      REQUIRE(std::fabs(got - exact) <= rounding * parts + steps + 1e-30);
    }
  }
}

template <class Check>
void for_each_set_and_format(Check check) {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    for (quant::Format format : test::all_formats()) {
      const std::string name(set), format_name = test::name_of(format);
      CAPTURE(name);
      CAPTURE(format_name);
      for (const Layout layout : {Layout::rows, Layout::panels}) {
        const bool panels = layout == Layout::panels;
        CAPTURE(panels);
        check(table, format, layout);
      }
    }
  }
}

}  // namespace

TEST_CASE("products agree with doubles for odd shapes and one to nine tokens") {
  for_each_set_and_format([](const kernels::Table& table, quant::Format format, Layout layout) {
    const int length = quant::info(format).block_length;
    Random random(7);
    std::vector<std::int64_t> widths = {length, 3 * length, 8 * length};
    if (length == 1) widths = {1, 3, 7, 8, 15, 16, 17, 31, 33, 63, 255, 256, 300};
    if (length == 32) widths = {32, 64, 96, 128, 160, 224, 256, 288, 416, 896};
    for (std::int64_t cols : widths) {
      for (std::int64_t rows : {1, 2, 5, 8, 11, 64, 81}) {
        for (std::int64_t tokens : {1, 2, 3, 4, 5, 7, 8, 9}) {
          if (cols > 300 && rows > 5 && tokens > 5) continue;
          if (rows > 60 && cols > 3 * length && cols != 96 && cols != 33)
            continue;  // panels: several streams, and one left over
          CAPTURE(cols);
          CAPTURE(rows);
          CAPTURE(tokens);
          const std::vector<std::byte> weights = test::random_rows(random, format, rows, cols);
          check_product(table, format, layout, weights, test::random_values(random, tokens * cols), rows, cols, tokens);
        }
      }
    }
  });
}

TEST_CASE("a row's bits do not depend on the rows and tokens beside it") {
  for_each_set_and_format([](const kernels::Table& table, quant::Format format, Layout layout) {
    const int length = quant::info(format).block_length;
    const std::int64_t rows = 19, tokens = 9;
    for (std::int64_t cols : {length == 1 ? std::int64_t{93} : std::int64_t{5 * length}, std::int64_t{1024}}) {
      Random random(11);
      const std::vector<std::byte> weights = test::random_rows(random, format, rows, cols);
      const std::vector<float> x = test::random_values(random, tokens * cols);
      const Activation kind = wanted(table, format, layout);
      const std::vector<float> together =
          run(table, format, layout, weights, rows, cols, prepare(table, kind, x, tokens, cols), tokens);
      const std::size_t row_bytes = quant::row_bytes(format, cols);
      for (std::int64_t t = 0; t < tokens; ++t) {
        const std::vector<float> one(x.begin() + t * cols, x.begin() + (t + 1) * cols);
        const Prepared alone = prepare(table, kind, one, 1, cols);
        for (std::int64_t r = 0; r < rows; ++r) {
          const auto first = weights.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(r) * row_bytes);
          const std::vector<std::byte> row(first, first + static_cast<std::ptrdiff_t>(row_bytes));
          const float single = run(table, format, layout, row, 1, cols, alone, 1)[0];
          REQUIRE(std::memcmp(&single, &together[static_cast<std::size_t>(t * rows + r)], 4) == 0);
        }
      }
    }
  });
}

#if defined(__aarch64__)

TEST_CASE("NEON sets multiply panels in different steps and come to the same bits") {
  const std::vector<std::string_view> sets = kernels::usable_sets(kernels::this_machine(), "");
  const kernels::Table plain = kernels::table_for("neon");
  const std::int64_t rows = 83, tokens = 19;
  for (quant::Format format : test::all_formats()) {
    const std::int64_t cols = quant::info(format).block_length > 32 ? 512 : 96;
    Random random(13);
    const std::vector<std::byte> weights = test::random_rows(random, format, rows, cols);
    const std::vector<float> x = test::random_values(random, tokens * cols);
    const Prepared activations = prepare(plain, wanted(plain, format, Layout::panels), x, tokens, cols);
    const std::vector<float> expected = run(plain, format, Layout::panels, weights, rows, cols, activations, tokens);
    for (std::string_view set : sets) {
      if (set == "generic") continue;
      CAPTURE(test::name_of(format));
      CAPTURE(std::string(set));
      const std::vector<float> out =
          run(kernels::table_for(set), format, Layout::panels, weights, rows, cols, activations, tokens);
      REQUIRE(std::memcmp(out.data(), expected.data(), out.size() * sizeof(float)) == 0);
    }
  }
}

#endif

TEST_CASE("the largest levels, scales and activations do not overflow or saturate") {
  for_each_set_and_format([](const kernels::Table& table, quant::Format format, Layout layout) {
    if (quant::info(format).block_length == 1) return;
    const std::int64_t rows = 9, cols = 512, tokens = 5;
    for (const unsigned fill : {0x00u, 0xffu, 0x7fu, 0x80u, 0x88u, 0x0fu, 0xf0u, 0x3fu, 0xc0u}) {
      for (const float sign : {1.0f, -1.0f}) {
        for (const bool alternating : {false, true}) {
          std::vector<float> x(static_cast<std::size_t>(tokens * cols));
          for (std::size_t i = 0; i < x.size(); ++i) x[i] = sign * (alternating && i % 2 ? -1000.0f : 1000.0f);
          CAPTURE(fill);
          CAPTURE(alternating);
          check_product(table, format, layout,
                        test::constant_rows(format, rows, cols, static_cast<std::uint8_t>(fill), 0x3c00), x, rows, cols,
                        tokens);
        }
      }
    }
  });
}

TEST_CASE("scales of one byte: all that NVFP4 has, small and large ones of MXFP4") {
  for_each_set_and_format([](const kernels::Table& table, quant::Format format, Layout layout) {
    if (format != quant::Format::mxfp4 && format != quant::Format::nvfp4) return;
    const std::int64_t rows = 256, cols = 64, tokens = 3;
    Random random(17);
    std::vector<std::byte> weights = test::random_rows(random, format, rows, cols);
    const std::size_t row_bytes = quant::row_bytes(format, cols);
    for (std::int64_t r = 0; r < rows; ++r) {
      std::byte* row = weights.data() + static_cast<std::size_t>(r) * row_bytes;
      if (format == quant::Format::nvfp4) {
        std::fill_n(row, 4, static_cast<std::byte>(r));
      } else {
        row[0] = row[17] = static_cast<std::byte>(std::min<std::int64_t>(r, 200));  // sums stay finite
      }
    }
    check_product(table, format, layout, weights, test::random_values(random, tokens * cols), rows, cols, tokens);
  });
}

TEST_CASE("infinities and NaN in activations or scales give no crash, and show in the result") {
  const float infinity = std::numeric_limits<float>::infinity();
  for_each_set_and_format([&](const kernels::Table& table, quant::Format format, Layout layout) {
    const std::int64_t rows = 9, cols = 512, tokens = 5;
    Random random(3);
    const std::vector<std::byte> weights = test::random_rows(random, format, rows, cols);
    for (const float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> x = test::random_values(random, tokens * cols);
      x[static_cast<std::size_t>(2 * cols + 77)] = bad;
      const Prepared activations = prepare(table, wanted(table, format, layout), x, tokens, cols);
      const std::vector<float> out = run(table, format, layout, weights, rows, cols, activations, tokens);
      for (std::int64_t t = 0; t < tokens; ++t) {
        for (std::int64_t r = 0; r < rows; ++r)
          REQUIRE(std::isfinite(out[static_cast<std::size_t>(t * rows + r)]) == (t != 2));
      }
    }
    for (const std::uint16_t scale : {std::uint16_t{0x7c00}, std::uint16_t{0x7e00}}) {
      const std::vector<float> x = test::random_values(random, tokens * cols);
      const Prepared activations = prepare(table, wanted(table, format, layout), x, tokens, cols);
      run(table, format, layout, test::constant_rows(format, rows, cols, 0x55, scale), rows, cols, activations, tokens);
    }
  });
}

TEST_CASE("prepared activations are the same in every set, tiny and large values included") {
  const kernels::Table generic = kernels::table_for("generic");
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    for (const float size : {1.0f, 1e-37f, 1e-20f, 1e30f, 0.0f}) {
      for (std::int64_t cols : {32, 96, 256, 300, 1000}) {
        Random random(5);
        std::vector<float> x = test::random_values(random, cols);
        for (float& value : x) value *= size;
        for (Activation kind :
             {Activation::f32, Activation::q8_32, Activation::q8_256, Activation::q16_32, Activation::q16_words}) {
          const Prepared a = prepare(generic, kind, x, 1, cols);
          const Prepared b = prepare(table, kind, x, 1, cols);
          REQUIRE(a.bytes == b.bytes);
        }
      }
    }
  }
}
