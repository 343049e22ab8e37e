// See random_weights.hpp.
#include "bench/synth_model/random_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "engine/base/splitmix64.hpp"
#include "quant/formats/all.hpp"
#include "quant/row.hpp"

namespace brim::bench {
namespace {

constexpr std::size_t kTileValues = 256;  // a multiple of every block length
constexpr std::size_t kTiles = 1024;
constexpr std::size_t kPieceTiles = 8192;  // tiles per write

/// A scale with which the codebook's levels, chosen with equal probability, have this deviation.
float codebook_scale(float deviation) {
  float squares = 0;
  for (const std::int8_t level : quant::iq4_nl::kCodebook)
    squares += static_cast<float>(level) * static_cast<float>(level);
  return deviation / std::sqrt(squares / 16);
}

/// Without the numbers before it, so several threads draw the same numbers as one thread.
std::uint64_t draw(std::uint64_t first, std::int64_t n) {
  return splitmix64_at(first + static_cast<std::uint64_t>(n) * kSplitMix64Step);
}

/// Nearly normal: the sum of twelve uniform numbers, four per draw, which unlike logarithms and cosines is the same on
/// every machine.
constexpr std::int64_t kDrawsOfNormal = 3;

float normal(std::uint64_t first, std::int64_t n) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < kDrawsOfNormal; ++i) {
    std::uint64_t bits = draw(first, n * kDrawsOfNormal + i);
    for (int k = 0; k < 4; ++k, bits >>= 16) sum += static_cast<std::int64_t>(bits & 0xFFFFu);
  }
  return static_cast<float>(sum - 12 * 32768) / 65536.0f;
}

/// Where a block's half scale lies, for formats that have one and cannot be packed.
std::size_t scale_offset(quant::Format format) {
  if (format == quant::Format::tq1_0) return offsetof(quant::tq1_0::Block, scale);
  if (format == quant::Format::tq2_0) return offsetof(quant::tq2_0::Block, super_scale);
  return 0;
}

/// Gives a block's scales the value `scale`, or the nearest that the format has.
void set_scale(quant::Format format, std::byte* block, float scale) {
  if (format == quant::Format::nvfp4) {
    const int exponent = std::clamp(std::ilogb(scale) + 8, 1, 14);  // half of the scale is what multiplies levels
    std::memset(block, exponent << 3, 4);
    return;
  }
  quant::Half half;
  quant::store(half, scale);
  if (format != quant::Format::iq1_m) {
    std::memcpy(block + scale_offset(format), &half, sizeof half);
    return;
  }
  for (std::size_t i = 0; i < 4; ++i) {  // four bits in each of four words
    std::byte& high = block[offsetof(quant::iq1_m::Block, scales) + 2 * i + 1];
    const unsigned four = quant::load_u16(half.bytes) >> (4 * i) & 15u;
    high = (high & std::byte{0x0f}) | static_cast<std::byte>(four << 4);
  }
}

/// The deviation of blocks whose scales are 1.
float deviation_of(quant::Format format, std::vector<std::byte> packed, std::int64_t count) {
  const auto block_bytes = static_cast<std::size_t>(quant::info(format).block_bytes);
  for (std::size_t at = 0; at < packed.size(); at += block_bytes) set_scale(format, packed.data() + at, 1.0f);
  std::vector<float> values(static_cast<std::size_t>(count));
  quant::unpack_row(format, packed.data(), values.data(), count);
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * static_cast<double>(value);
  return static_cast<float>(std::sqrt(squares / static_cast<double>(count)));
}

}  // namespace

std::uint64_t RandomWeights::take(std::int64_t count) {
  const std::uint64_t first = state_ + kSplitMix64Step;
  state_ += static_cast<std::uint64_t>(count) * kSplitMix64Step;
  return first;
}

std::vector<float> RandomWeights::vector(std::int64_t count, float mean, float deviation) {
  std::vector<float> values(static_cast<std::size_t>(count));
  const std::uint64_t first = take(count * kDrawsOfNormal);
  float* const out = values.data();
#pragma omp parallel for num_threads(threads_) schedule(static)
  for (std::int64_t i = 0; i < count; ++i) out[i] = mean + deviation * normal(first, i);
  return values;
}

const std::vector<std::byte>& RandomWeights::tiles(quant::Format format, float deviation) {
  std::vector<std::byte>& packed = tiles_[{format, deviation}];
  if (!packed.empty()) return packed;
  const auto count = static_cast<std::int64_t>(kTiles * kTileValues);
  packed.resize(quant::row_bytes(format, count));
  if (quant::can_pack(format)) {
    const std::vector<float> values = vector(count, 0, deviation);
    const std::size_t tile = quant::row_bytes(format, kTileValues);
    constexpr auto kLast = static_cast<std::int64_t>(kTiles);
#pragma omp parallel for num_threads(threads_) schedule(dynamic, 16)
    for (std::int64_t i = 0; i < kLast; ++i) {
      const auto at = static_cast<std::size_t>(i);
      quant::pack_row(format, values.data() + at * kTileValues, packed.data() + at * tile, kTileValues);
    }
    return packed;
  }
  for (std::byte& byte : packed) byte = static_cast<std::byte>(draw(take(1), 0) >> 56);
  const float scale = codebook_scale(deviation);
  if (format == quant::Format::iq4_nl) {
    for (std::size_t at = 0; at < packed.size(); at += sizeof(quant::iq4_nl::Block)) {
      quant::store(reinterpret_cast<quant::iq4_nl::Block*>(packed.data() + at)->scale,
                   draw(take(1), 0) & 1 ? scale : -scale);
    }
  } else if (format == quant::Format::iq4_xs) {
    // Its sub-blocks have uniform scales from -32 to 31, whose root mean square is 18.5.
    for (std::size_t at = 0; at < packed.size(); at += sizeof(quant::iq4_xs::Block)) {
      quant::store(reinterpret_cast<quant::iq4_xs::Block*>(packed.data() + at)->super_scale, scale / 18.5f);
    }
  } else {
    const float other_scale = deviation / deviation_of(format, packed, count);
    for (std::size_t at = 0; at < packed.size(); at += static_cast<std::size_t>(quant::info(format).block_bytes)) {
      set_scale(format, packed.data() + at, other_scale);
    }
  }
  return packed;
}

Status RandomWeights::write_values(quant::Format format, std::int64_t count, float deviation, io::GgufWriter& writer) {
  const std::vector<std::byte>& source = tiles(format, deviation);
  const std::size_t tile = quant::row_bytes(format, kTileValues);
  std::size_t left = quant::row_bytes(format, count);
  std::vector<std::byte> piece(std::min(left, kPieceTiles * tile) + tile);
  while (left > 0) {
    const std::size_t bytes = std::min(left, kPieceTiles * tile);
    // No parallel loop: copying takes a fraction of a millisecond, and the threads would wait for the file in between.
    for (std::size_t at = 0; at < bytes; at += tile) {
      std::memcpy(piece.data() + at, source.data() + (draw(take(1), 0) % kTiles) * tile, tile);
    }
    BRIM_TRY(writer.write_piece({piece.data(), bytes}));
    left -= bytes;
  }
  return {};
}

}  // namespace brim::bench
