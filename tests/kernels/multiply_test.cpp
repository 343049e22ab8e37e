// multiply(): the same bits for any number of threads and any batch, and the right numbers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/dispatch.hpp"
#include "kernels/multiply.hpp"
#include "tests/kernels/packed_rows.hpp"
#include "tests/support/plain_gemm.hpp"

using namespace brim;
using kernels::RowRole;

namespace {

std::vector<float> multiply(int threads, const quant::Matrix& weights, const float* x, std::int64_t stride,
                            std::int64_t tokens) {
  static kernels::ThreadPool pool(7);
  std::vector<float> out(static_cast<std::size_t>(tokens * (weights.rows + 3)), -1.0f);
  std::vector<std::byte> scratch(kernels::multiply_scratch_bytes(kernels::active(), weights.cols, tokens, threads) + 3);
  kernels::multiply({kernels::active(), {pool, threads}}, weights, x, stride, tokens, out.data(), weights.rows + 3,
                    scratch.data() + 3);
  return out;
}

}  // namespace

TEST_CASE("threads and batches do not change a bit, and strides are kept") {
  test::Random random(9);
  for (quant::Format format : test::all_formats()) {
    const std::string name = test::name_of(format);
    CAPTURE(name);
    const std::int64_t rows = 517, cols = 768, tokens = 37, stride = cols + 5;
    const std::vector<std::byte> packed = test::random_rows(random, format, rows, cols);
    const quant::Matrix weights{format, packed.data(), rows, cols, quant::row_bytes(format, cols)};
    const std::vector<float> x = test::random_values(random, tokens * stride);
    const std::vector<float> one = multiply(1, weights, x.data(), stride, tokens);
    for (int threads : {2, 3, 7}) REQUIRE(multiply(threads, weights, x.data(), stride, tokens) == one);
    std::vector<float> row(static_cast<std::size_t>(cols));
    for (std::int64_t t : {0, 1, 35, 36}) {
      const std::vector<float> alone = multiply(2, weights, x.data() + t * stride, stride, 1);
      REQUIRE(std::memcmp(alone.data(), one.data() + t * (rows + 3), static_cast<std::size_t>(rows) * 4) == 0);
      for (int i = 0; i < 3; ++i) REQUIRE(one[static_cast<std::size_t>(t * (rows + 3) + rows + i)] == -1.0f);
      for (std::int64_t r : {0, 15, 16, 516}) {
        quant::unpack_row(format, weights.row(r), row.data(), cols);
        double expected = 0, norm_row = 0, norm_x = 0;
        for (std::int64_t c = 0; c < cols; ++c) {
          const auto w = static_cast<double>(row[static_cast<std::size_t>(c)]);
          const auto v = static_cast<double>(x[static_cast<std::size_t>(t * stride + c)]);
          expected += w * v;
          norm_row += w * w;
          norm_x += v * v;
        }
        // Activations in two 8-bit terms: each has an error of at most 1/254² of the largest (1), at random: 6
        // deviations of the sum; and the roundings of the products themselves.
        const double bound = 6 * std::sqrt(norm_row / 3) / (254 * 254) + 1e-5 * std::sqrt(norm_row * norm_x);
        REQUIRE(std::fabs(static_cast<double>(alone[static_cast<std::size_t>(r)]) - expected) <= bound);
      }
    }
  }
}

TEST_CASE("panels: a row's bits depend on its role alone, whatever the company") {
  test::Random random(10);
  static kernels::ThreadPool pool(3);
  for (const kernels::Table& table : {kernels::active(), test::with_plain_gemm(kernels::active())}) {
    for (quant::Format format : test::all_formats()) {
      const std::string name = test::name_of(format);
      CAPTURE(name);
      const std::int64_t rows = 213, cols = 768, tokens = 70, stride = cols + 5, out_stride = rows + 3;
      const std::vector<std::byte> packed = test::random_rows(random, format, rows, cols);
      const std::size_t row_bytes = quant::row_bytes(format, cols), panel_bytes = quant::panel_bytes(format, cols);
      std::vector<std::byte> memory(panel_bytes * static_cast<std::size_t>(quant::panel_count(rows)) + 64);
      std::byte* const panels = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
      for (std::int64_t row = 0; row < rows; row += quant::kPanelRows) {
        quant::pack_panel(format, packed.data() + static_cast<std::size_t>(row) * row_bytes, row_bytes,
                          static_cast<int>(std::min<std::int64_t>(quant::kPanelRows, rows - row)), cols,
                          panels + static_cast<std::size_t>(row / quant::kPanelRows) * panel_bytes);
      }
      const quant::Matrix weights{format, panels, rows, cols, row_bytes, quant::Layout::panels};
      const std::vector<float> x = test::random_values(random, tokens * stride);
      const auto product = [&](int threads, std::int64_t first, const std::vector<RowRole>& roles) {
        const auto count = static_cast<std::int64_t>(roles.size());
        std::vector<float> out(static_cast<std::size_t>(count * out_stride), -1.0f);
        std::vector<std::byte> scratch(kernels::multiply_scratch_bytes(table, cols, count, threads) + 3);
        kernels::multiply({table, {pool, threads}}, weights, x.data() + first * stride, stride, count, out.data(),
                          out_stride, scratch.data() + 3, nullptr, roles.data());
        for (std::int64_t t = 0; t < count; ++t) {
          for (std::int64_t i = rows; i < out_stride; ++i)
            REQUIRE(out[static_cast<std::size_t>(t * out_stride + i)] == -1.0f);
        }
        return out;
      };
      const auto same = [&](const std::vector<float>& a, std::int64_t of_a, const std::vector<float>& b,
                            std::int64_t of_b) {
        return std::memcmp(a.data() + of_a * out_stride, b.data() + of_b * out_stride,
                           static_cast<std::size_t>(rows) * 4) == 0;
      };
      const auto as = [](RowRole role, std::int64_t count) {
        return std::vector<RowRole>(static_cast<std::size_t>(count), role);
      };
      const std::vector<float> generated = product(1, 0, as(RowRole::generated, tokens));
      const std::vector<float> prompt = product(1, 0, as(RowRole::prompt, tokens));
      const bool differ = table.panel_gemm[static_cast<int>(format)] != nullptr;
      CHECK((generated != prompt) == differ);
      // Both are the same products: what rounding to bf16 is off by, 2^-8 of each factor, is far below a fiftieth of their size.
      double size = 0, apart = 0;
      for (std::size_t i = 0; i < generated.size(); ++i) {
        const auto value = static_cast<double>(generated[i]), other = static_cast<double>(prompt[i]);
        size += value * value;
        apart += (value - other) * (value - other);
      }
      CHECK(apart <= size / 2500);
      for (const std::int64_t first : {std::int64_t{0}, std::int64_t{40}, tokens - 1}) {
        REQUIRE(same(product(2, first, {RowRole::generated}), 0, generated, first));
        REQUIRE(same(product(2, first, {RowRole::prompt}), 0, prompt, first));
      }
      for (int round = 0; round < 20; ++round) {
        const std::int64_t count = 1 + random.bits() % (round % 2 == 0 ? 16 : 60),
                           first = random.bits() % (tokens - count);
        std::vector<RowRole> roles;
        const std::uint32_t often = 1 + random.bits() % 7;  // from single rows to long ranges
        while (static_cast<std::int64_t>(roles.size()) < count) {
          roles.push_back(!roles.empty() && random.bits() % often != 0 ? roles.back()
                                                                       : static_cast<RowRole>(random.bits() % 2));
        }
        const std::vector<float> mixed = product(1 + round % 3, first, roles);
        for (std::int64_t t = 0; t < count; ++t) {
          const bool given = roles[static_cast<std::size_t>(t)] == RowRole::prompt;
          REQUIRE(same(mixed, t, given ? prompt : generated, first + t));
        }
      }
    }
  }
  CHECK(test::plain_gemm_faults == 0);
}

TEST_CASE("empty matrices and no tokens") {
  float out = 5;
  const float x[32] = {};
  std::byte scratch[1024];
  kernels::multiply({kernels::active(), {}}, quant::Matrix{}, x, 32, 1, &out, 1, scratch);
  const std::vector<std::byte> row(18);
  kernels::multiply({kernels::active(), {}}, {quant::Format::q4_0, row.data(), 1, 32, 18}, x, 32, 0, &out, 1, scratch);
  CHECK(out == 5);
  kernels::multiply({kernels::active(), {}}, {quant::Format::q4_0, row.data(), 1, 32, 18}, x, 32, 1, &out, 1, scratch);
  CHECK(out == 0);
}
