// See random_weights.hpp.
#include "bench/synth_model/random_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "quant/formats/iq4_nl.hpp"
#include "quant/formats/iq4_xs.hpp"
#include "quant/row.hpp"

namespace brim::bench {
namespace {

constexpr std::size_t kTileValues = 256;   // a multiple of every block length
constexpr std::size_t kTiles = 1024;
constexpr std::size_t kPieceTiles = 8192;  // tiles per write

/// A scale with which the codebook's levels, chosen evenly, have this deviation.
float codebook_scale(float deviation) {
  float squares = 0;
  for (const std::int8_t level : quant::iq4_nl::kCodebook)
    squares += static_cast<float>(level) * static_cast<float>(level);
  return deviation / std::sqrt(squares / 16);
}

}  // namespace

std::uint64_t RandomWeights::next() {  // SplitMix64 by Steele, Lea and Flood
  std::uint64_t z = seed_ += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// Nearly normal: the sum of twelve even draws, which unlike logarithms and cosines is the same on every machine.
float RandomWeights::next_normal() {
  std::int64_t sum = 0;
  for (int i = 0; i < 3; ++i) {
    for (std::uint64_t bits = next(), k = 0; k < 4; ++k, bits >>= 16) sum += static_cast<std::int64_t>(bits & 0xFFFFu);
  }
  return static_cast<float>(sum - 12 * 32768) / 65536.0f;
}

std::vector<float> RandomWeights::vector(std::int64_t count, float mean, float deviation) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = mean + deviation * next_normal();
  return values;
}

const std::vector<std::byte>& RandomWeights::tiles(quant::Format format, float deviation) {
  std::vector<std::byte>& packed = tiles_[{format, deviation}];
  if (!packed.empty()) return packed;
  const auto count = static_cast<std::int64_t>(kTiles * kTileValues);
  packed.resize(quant::row_bytes(format, count));
  if (quant::can_pack(format)) {
    const std::vector<float> values = vector(count, 0, deviation);
    quant::pack_row(format, values.data(), packed.data(), count);
    return packed;
  }
  for (std::byte& byte : packed) byte = static_cast<std::byte>(next() >> 56);
  const float scale = codebook_scale(deviation);
  if (format == quant::Format::iq4_nl) {
    for (std::size_t at = 0; at < packed.size(); at += sizeof(quant::iq4_nl::Block)) {
      quant::store(reinterpret_cast<quant::iq4_nl::Block*>(packed.data() + at)->scale, next() & 1 ? scale : -scale);
    }
  } else {  // IQ4_XS: its sub-blocks have even scales from -32 to 31, whose root mean square is 18.5
    for (std::size_t at = 0; at < packed.size(); at += sizeof(quant::iq4_xs::Block)) {
      quant::store(reinterpret_cast<quant::iq4_xs::Block*>(packed.data() + at)->super_scale, scale / 18.5f);
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
    for (std::size_t at = 0; at < bytes; at += tile) {
      std::memcpy(piece.data() + at, source.data() + (next() % kTiles) * tile, tile);
    }
    BRIM_TRY(writer.write_piece({piece.data(), bytes}));
    left -= bytes;
  }
  return {};
}

}  // namespace brim::bench
