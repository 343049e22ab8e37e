// Panels give back the packed values: every format, whole and partial panels, any bytes.
#include "quant/panel.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "quant/row.hpp"
#include "tests/support/random.hpp"

using namespace brim::quant;

TEST_CASE("a panel gives every row back bit for bit, and nothing where there was none") {
  brim::test::Random random(7);
  for (int f = 0; f < kFormatCount; ++f) {
    const Format format = static_cast<Format>(f);
    const std::int64_t cols = info(format).block_length == 1 ? 37 : 3 * info(format).block_length;
    const std::size_t bytes = row_bytes(format, cols);
    for (const int rows : {1, 5, 16}) {
      CAPTURE(info(format).name);
      CAPTURE(rows);
      std::vector<std::byte> packed(bytes * static_cast<std::size_t>(rows));
      for (std::byte& byte : packed) byte = static_cast<std::byte>(random.bits());
      std::vector<std::byte> panel(panel_bytes(format, cols), std::byte{0xa5});
      pack_panel(format, packed.data(), bytes, rows, cols, panel.data());
      std::vector<std::byte> row(bytes);
      const std::vector<std::byte> zeros(panel_bytes(format, cols));
      for (int r = 0; r < rows; ++r) {
        restore_panel_row(format, panel.data(), r, row.data(), cols);
        CHECK(std::memcmp(row.data(), packed.data() + static_cast<std::size_t>(r) * bytes, bytes) == 0);
        std::vector<float> direct(static_cast<std::size_t>(cols)), through(static_cast<std::size_t>(cols));
        unpack_row(format, row.data(), direct.data(), cols);
        unpack_panel_row(format, panel.data(), r, through.data(), cols);
        CHECK(std::memcmp(direct.data(), through.data(), direct.size() * sizeof(float)) == 0);
      }
      std::vector<float> values(static_cast<std::size_t>(cols));
      for (int r = rows; r < kPanelRows; ++r) {
        unpack_panel_row(format, panel.data(), r, values.data(), cols);
        for (const float value : values) REQUIRE(value == 0);
      }
    }
  }
}

TEST_CASE("panels stay within 1.15 times the file's bytes") {
  for (int f = 0; f < kFormatCount; ++f) {
    const Format format = static_cast<Format>(f);
    const double file = static_cast<double>(row_bytes(format, 2048)) * kPanelRows;
    CAPTURE(info(format).name);
    CHECK(static_cast<double>(panel_bytes(format, 2048)) <= 1.15 * file);
  }
}
