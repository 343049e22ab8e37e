// Packed rows for kernel tests: random ones of every format, and ones at the limits of what its bits can represent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "quant/format.hpp"
#include "quant/row.hpp"
#include "tests/support/random.hpp"

namespace brim::test {

std::vector<float> random_values(Random& random, std::int64_t count);

/// `rows` packed rows of `cols` values with every bit of the quants and sub-block scales random, and float scales
/// around 1/64; for the float formats, values in [-1, 1).
std::vector<std::byte> random_rows(Random& random, quant::Format format, std::int64_t rows, std::int64_t cols);

/// Every byte of every block is `fill`, except the half scales, which are `scale` (a finite half's bits).
std::vector<std::byte> constant_rows(quant::Format format, std::int64_t rows, std::int64_t cols, std::uint8_t fill,
                                     std::uint16_t scale);

/// For each block length of a row: an upper bound of every intermediate |scale · level| and |minimum| that the block's
/// half scales allow, whatever the other bits are. One number per value.
std::vector<double> reach(quant::Format format, const std::byte* row, std::int64_t cols);

/// Whether a block has a scale that can be infinite or not a number.
bool has_half_scale(quant::Format format);

/// Every format, for loops and messages.
std::vector<quant::Format> all_formats();
std::string name_of(quant::Format format);

}  // namespace brim::test
