// See packed_rows.hpp.
#include "tests/kernels/packed_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace brim::test {
namespace {

using quant::Format;

/// The place of a block's half scales.
std::vector<std::size_t> half_offsets(Format format) {
  switch (format) {
    case Format::q4_1:
    case Format::q5_1:
    case Format::q4_k:
    case Format::q5_k:
      return {0, 2};
    case Format::q2_k:
      return {80, 82};
    case Format::q3_k:
      return {108};
    case Format::q6_k:
      return {208};
    case Format::tq1_0:
      return {52};
    case Format::tq2_0:
      return {64};
    case Format::f32:
    case Format::f16:
    case Format::bf16:
    case Format::mxfp4:
    case Format::nvfp4:
    case Format::iq1_m:
      return {};
    default:
      return {0};
  }
}

/// Scales of a block that are not halves get the value of this half, or the nearest that they have.
void set_other_scales(Format format, std::byte* block, std::uint16_t half) {
  const int exponent = std::clamp((half >> 10 & 31) - 15, -7, 8);
  if (format == Format::mxfp4) block[0] = static_cast<std::byte>((half & 0x7fff) >= 0x7c00 ? 255 : 127 + exponent);
  if (format == Format::nvfp4) {
    for (int s = 0; s < 4; ++s) block[s] = static_cast<std::byte>((exponent + 7) << 3 | (half >> 7 & 7));
  }
  if (format == Format::iq1_m) {  // in the highest four bits of four words
    for (int i = 0; i < 4; ++i) {
      std::byte& high = block[48 + 2 * i + 1];
      high = (high & std::byte{0x0f}) | static_cast<std::byte>((half >> (4 * i) & 15) << 4);
    }
  }
}

}  // namespace

bool has_half_scale(Format format) { return !half_offsets(format).empty() || format == Format::iq1_m; }

std::vector<float> random_values(Random& random, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = random.unit();
  return values;
}

std::vector<std::byte> random_rows(Random& random, Format format, std::int64_t rows, std::int64_t cols) {
  const std::size_t row_bytes = quant::row_bytes(format, cols);
  std::vector<std::byte> packed(row_bytes * static_cast<std::size_t>(rows));
  const std::vector<std::size_t> halves = half_offsets(format);
  if (quant::info(format).block_length == 1) {
    for (std::int64_t r = 0; r < rows; ++r) {
      quant::pack_row(format, random_values(random, cols).data(),
                      packed.data() + static_cast<std::size_t>(r) * row_bytes, cols);
    }
    return packed;
  }
  for (std::byte& byte : packed) byte = static_cast<std::byte>(random.bits());
  const auto block_bytes = static_cast<std::size_t>(quant::info(format).block_bytes);
  // Exponents 2^-7 and 2^-6, either sign.
  const auto scale = [&] { return static_cast<std::uint16_t>(0x2000u + (random.bits() & 0x87ffu)); };
  for (std::size_t at = 0; at < packed.size(); at += block_bytes) {
    for (std::size_t offset : halves) {
      const std::uint16_t bits = scale();
      std::memcpy(packed.data() + at + offset, &bits, 2);
    }
    if (halves.empty()) set_other_scales(format, packed.data() + at, scale());
  }
  return packed;
}

std::vector<std::byte> constant_rows(Format format, std::int64_t rows, std::int64_t cols, std::uint8_t fill,
                                     std::uint16_t scale) {
  std::vector<std::byte> packed(quant::row_bytes(format, cols) * static_cast<std::size_t>(rows),
                                static_cast<std::byte>(fill));
  const auto block_bytes = static_cast<std::size_t>(quant::info(format).block_bytes);
  for (std::size_t at = 0; at < packed.size(); at += block_bytes) {
    for (std::size_t offset : half_offsets(format)) std::memcpy(packed.data() + at + offset, &scale, 2);
    set_other_scales(format, packed.data() + at, scale);
  }
  return packed;
}

std::vector<double> reach(Format format, const std::byte* row, std::int64_t cols) {
  std::vector<double> max(static_cast<std::size_t>(cols));
  const std::vector<std::size_t> halves = half_offsets(format);
  const int length = quant::info(format).block_length;
  const auto block_bytes = static_cast<std::size_t>(quant::info(format).block_bytes);
  std::vector<float> values(static_cast<std::size_t>(length));
  for (std::int64_t c = 0; c < cols; c += length, row += block_bytes) {
    double bound = 0;
    const auto consider = [&](const std::byte* block) {
      quant::unpack_row(format, block, values.data(), length);
      for (float value : values) bound = std::max(bound, std::fabs(static_cast<double>(value)));
    };
    consider(row);
    // Scale alone and minimum alone, with bit patterns that reach every format's extremes.
    for (std::size_t only : halves) {
      for (const unsigned fill : {0x00u, 0xffu, 0x7fu, 0x80u, 0x0fu, 0xf0u}) {
        std::vector<std::byte> block(block_bytes, static_cast<std::byte>(fill));
        for (std::size_t offset : halves) {
          if (offset == only) {
            std::memcpy(block.data() + offset, row + offset, 2);
          } else {
            std::memset(block.data() + offset, 0, 2);
          }
        }
        consider(block.data());
      }
    }
    for (int i = 0; i < length; ++i) max[static_cast<std::size_t>(c + i)] = 2 * bound;
  }
  return max;
}

std::vector<Format> all_formats() {
  std::vector<Format> formats;
  for (int f = 0; f < quant::kFormatCount; ++f) formats.push_back(static_cast<Format>(f));
  return formats;
}

std::string name_of(Format format) { return std::string(quant::info(format).name); }

}  // namespace brim::test
