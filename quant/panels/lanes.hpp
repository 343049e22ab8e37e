// How sixteen rows lie side by side: the helpers of the slabs in this folder. Columns come in groups of four; a group
// of sixteen rows is 64 bytes, row r's four values in bytes 4 r … 4 r + 3 — what an 8-bit dot product of any
// instruction set multiplies by four activations at once, giving sixteen rows' sums. 32 columns are eight groups.
//
//   nibbles   u8[4][64]   byte of quants[j]: low half = its value in group j, high half = its value in group j + 4
//   pairs     u8[2][64]   byte of pairs[j], bits 2 i, 2 i + 1: its value in group 4 j + i
//   bits      u64[8]      bit b of bits[g]: the value of byte b in group g
//
// Everything is static, for the reason told in quant/half.hpp: kernels of every set include the slabs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brim::quant {

/// Rows of a panel.
static constexpr int kPanelRows = 16;

/// Four bits per value of 32 columns.
struct NibbleLanes {
  std::uint8_t at[4][64];
};
/// Two bits per value of 32 columns.
struct PairLanes {
  std::uint8_t at[2][64];
};
/// One bit per value of 32 columns.
struct BitLanes {
  std::uint64_t at[8];
};

static inline void put(NibbleLanes& lanes, int row, int column, int value) noexcept {
  const int shift = 4 * (column / 16);
  std::uint8_t& byte = lanes.at[column % 16 / 4][4 * row + column % 4];
  byte = static_cast<std::uint8_t>((byte & ~(15 << shift)) | (value & 15) << shift);
}
static inline int get(const NibbleLanes& lanes, int row, int column) noexcept {
  return lanes.at[column % 16 / 4][4 * row + column % 4] >> (4 * (column / 16)) & 15;
}

/// Sixteen bytes that hold value i in their low and value i + 16 in their high halves, as Q4_0 and its kin store them.
static inline void put_halves(NibbleLanes& lanes, int row, const std::uint8_t* quants) noexcept {
  for (int j = 0; j < 4; ++j) __builtin_memcpy(lanes.at[j] + 4 * row, quants + 4 * j, 4);
}
static inline void get_halves(const NibbleLanes& lanes, int row, std::uint8_t* quants) noexcept {
  for (int j = 0; j < 4; ++j) __builtin_memcpy(quants + 4 * j, lanes.at[j] + 4 * row, 4);
}

static inline void put(PairLanes& lanes, int row, int column, int value) noexcept {
  const int group = column / 4, shift = 2 * (group % 4);
  std::uint8_t& byte = lanes.at[group / 4][4 * row + column % 4];
  byte = static_cast<std::uint8_t>((byte & ~(3 << shift)) | (value & 3) << shift);
}
static inline int get(const PairLanes& lanes, int row, int column) noexcept {
  const int group = column / 4;
  return lanes.at[group / 4][4 * row + column % 4] >> (2 * (group % 4)) & 3;
}

static inline void put(BitLanes& lanes, int row, int column, int value) noexcept {
  const int bit = 4 * row + column % 4;
  std::uint64_t& bits = lanes.at[column / 4];
  bits = (bits & ~(std::uint64_t{1} << bit)) | static_cast<std::uint64_t>(value & 1) << bit;
}
static inline int get(const BitLanes& lanes, int row, int column) noexcept {
  return static_cast<int>(lanes.at[column / 4] >> (4 * row + column % 4) & 1);
}

}  // namespace brim::quant
