// The behaviour of the tile instructions according to Intel's Architectures Software Developer's Manual (volume 2,
// LDTILECFG, TILELOADD, TDPBF16PS), and the conditions on which they fault. Values are computed as specified there: the
// even and odd products of pairs are summed separately over the tile, subnormals count as zero, every step rounds to
// nearest even.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "kernels/amx/tiles.hpp"

namespace brim::test {
namespace {

struct ImitatedInstructions {
  struct Tile {
    int rows = 0, row_bytes = 0;
    alignas(64) std::uint8_t bytes[16][64] = {};
  };
  struct State {
    bool configured = false;
    Tile tiles[8];
    std::string faults;
    long multiplications = 0;
  };
  static State& state() {
    static State the;
    return the;
  }
  static bool fault(const char* sentence) {
    State& s = state();
    if (s.faults.size() < 1000) s.faults += std::string(sentence) + "\n";
    return false;
  }

  static void configure(const kernels::amx::Configuration& c) {
    State& s = state();
    if (c.palette != 1) fault("ldtilecfg: a palette other than 1");
    if (c.start_row != 0) fault("ldtilecfg: a start row other than 0");
    for (const std::uint8_t byte : c.reserved) {
      if (byte != 0) fault("ldtilecfg: reserved bytes are not zero");
    }
    for (int i = 0; i < 16; ++i) {
      if (i >= 8 && (c.rows[i] != 0 || c.row_bytes[i] != 0)) fault("ldtilecfg: more than eight tiles");
      if (c.rows[i] > 16 || c.row_bytes[i] > 64) fault("ldtilecfg: a tile larger than 16 rows of 64 bytes");
      if ((c.rows[i] == 0) != (c.row_bytes[i] == 0)) fault("ldtilecfg: rows without bytes, or bytes without rows");
      if (i < 8) {
        s.tiles[i] = Tile{};
        s.tiles[i].rows = c.rows[i] > 16 ? 16 : c.rows[i];
        s.tiles[i].row_bytes = c.row_bytes[i] > 64 ? 64 : c.row_bytes[i];
      }
    }
    if (s.configured) fault("ldtilecfg: configured twice without a release");  // allowed, but a product must not
    s.configured = true;
  }
  static void release() {
    if (!state().configured) fault("tilerelease: nothing was configured");
    state().configured = false;
  }

  static bool usable(int tile) {
    if (!state().configured) return fault("a tile is used without a configuration");
    if (tile < 0 || tile > 7) return fault("there is no such tile");
    if (state().tiles[tile].rows == 0) return fault("the tile has no rows");
    return true;
  }
  template <int kTile>
  static void zero() {
    if (!usable(kTile)) return;
    std::memset(state().tiles[kTile].bytes, 0, sizeof state().tiles[kTile].bytes);
  }
  template <int kTile>
  static void load(const void* from, std::size_t stride) {
    if (!usable(kTile)) return;
    Tile& tile = state().tiles[kTile];
    std::memset(tile.bytes, 0, sizeof tile.bytes);
    for (int r = 0; r < tile.rows; ++r) {
      std::memcpy(tile.bytes[r], static_cast<const std::byte*>(from) + static_cast<std::size_t>(r) * stride,
                  static_cast<std::size_t>(tile.row_bytes));
    }
  }
  template <int kTile>
  static void store(void* to, std::size_t stride) {
    if (!usable(kTile)) return;
    const Tile& tile = state().tiles[kTile];
    for (int r = 0; r < tile.rows; ++r) {
      std::memcpy(static_cast<std::byte*>(to) + static_cast<std::size_t>(r) * stride, tile.bytes[r],
                  static_cast<std::size_t>(tile.row_bytes));
    }
  }

  template <int kSums, int kTokens, int kWeights>
  static void multiply() {
    if (!usable(kSums) || !usable(kTokens) || !usable(kWeights)) return;
    Tile &sums = state().tiles[kSums], &a = state().tiles[kTokens], &b = state().tiles[kWeights];
    ++state().multiplications;
    bool good = true;
    if (kSums == kTokens || kSums == kWeights || kTokens == kWeights) good = fault("tdpbf16ps: a tile is named twice");
    if (sums.rows != a.rows) good = fault("tdpbf16ps: sums and first operand differ in rows");
    if (sums.row_bytes != b.row_bytes) good = fault("tdpbf16ps: sums and second operand differ in columns");
    if (a.row_bytes / 4 != b.rows) good = fault("tdpbf16ps: the operands' depths differ");
    if (a.row_bytes % 4 != 0 || b.row_bytes % 4 != 0) good = fault("tdpbf16ps: half a pair");
    if (!good) return;
    for (int m = 0; m < sums.rows; ++m) {
      for (int n = 0; n < sums.row_bytes / 4; ++n) {
        float even = 0, odd = 0, sum;
        for (int k = 0; k < b.rows; ++k) {
          even = step(value(a.bytes[m] + 4 * k), value(b.bytes[k] + 4 * n), even);
          odd = step(value(a.bytes[m] + 4 * k + 2), value(b.bytes[k] + 4 * n + 2), odd);
        }
        std::memcpy(&sum, sums.bytes[m] + 4 * n, 4);
        sum = flushed(flushed(sum) + flushed(even + odd));
        std::memcpy(sums.bytes[m] + 4 * n, &sum, 4);
      }
    }
  }

 private:
  static float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
  static float value(const std::uint8_t* bf16) {
    std::uint32_t bits = static_cast<std::uint32_t>(bf16[0]) << 16 | static_cast<std::uint32_t>(bf16[1]) << 24;
    float x;
    std::memcpy(&x, &bits, 4);
    return flushed(x);
  }
  static float step(float a, float b, float sum) { return flushed(std::fma(a, b, sum)); }
};

}  // namespace
}  // namespace brim::test
