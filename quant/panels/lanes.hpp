// How sixteen rows lie side by side: the helpers of the slabs in this folder. Columns come in groups of four; a group
// of sixteen rows is 64 bytes, with row r's four values in bytes 4 r … 4 r + 3 — an 8-bit dot product of any
// instruction set multiplies these by four activations at once and gives the sums of sixteen rows. 32 columns are eight
// groups.
//
//   nibbles   u8[4][64]   byte of quants[j]: low half = its value in group j, high half = its value in group j + 4
//   pairs     u8[2][64]   byte of pairs[j], bits 2 i, 2 i + 1: its value in group 4 j + i
//   bits      u64[8]      bit b of bits[g]: the value of byte b in group g
//
// Everything is static, for the reason in quant/half.hpp: kernels of every set include the slabs.
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

/// Four bytes at once, in memory order.
static inline std::uint32_t four(const std::uint8_t* bytes) noexcept {
  std::uint32_t word;
  __builtin_memcpy(&word, bytes, sizeof word);
  return word;
}

/// Row `row`: bits [shift, shift + 4) of 32 bytes. Here and below, bits that a shift moves in from the next byte are
/// masked out.
static inline void put_row(NibbleLanes& lanes, int row, const std::uint8_t* bytes, int shift) noexcept {
  for (int j = 0; j < 4; ++j) {
    const std::uint32_t low = four(bytes + 4 * j) >> shift & 0x0f0f0f0fu;
    const std::uint32_t high = four(bytes + 16 + 4 * j) >> shift & 0x0f0f0f0fu;
    const std::uint32_t both = low | high << 4;
    __builtin_memcpy(lanes.at[j] + 4 * row, &both, sizeof both);
  }
}
static inline int get(const NibbleLanes& lanes, int row, int column) noexcept {
  return lanes.at[column % 16 / 4][4 * row + column % 4] >> (4 * (column / 16)) & 15;
}

/// Sixteen bytes that hold value i in their low and value i + 16 in their high halves, as Q4_0 and similar formats
/// store them.
static inline void put_halves(NibbleLanes& lanes, int row, const std::uint8_t* quants) noexcept {
  for (int j = 0; j < 4; ++j) __builtin_memcpy(lanes.at[j] + 4 * row, quants + 4 * j, 4);
}
static inline void get_halves(const NibbleLanes& lanes, int row, std::uint8_t* quants) noexcept {
  for (int j = 0; j < 4; ++j) __builtin_memcpy(quants + 4 * j, lanes.at[j] + 4 * row, 4);
}

/// Row `row`: bits [shift, shift + 2) of 32 bytes.
static inline void put_row(PairLanes& lanes, int row, const std::uint8_t* bytes, int shift) noexcept {
  for (int j = 0; j < 2; ++j) {
    std::uint32_t pairs = 0;
    for (int i = 0; i < 4; ++i) pairs |= (four(bytes + 16 * j + 4 * i) >> shift & 0x03030303u) << (2 * i);
    __builtin_memcpy(lanes.at[j] + 4 * row, &pairs, sizeof pairs);
  }
}
static inline int get(const PairLanes& lanes, int row, int column) noexcept {
  const int group = column / 4;
  return lanes.at[group / 4][4 * row + column % 4] >> (2 * (group % 4)) & 3;
}

/// Row `row` of one group: the lowest four of `four_bits`.
static inline void put_group(BitLanes& lanes, int row, int group, std::uint32_t four_bits) noexcept {
  const int shift = 4 * row;
  lanes.at[group] = (lanes.at[group] & ~(std::uint64_t{15} << shift)) | std::uint64_t{four_bits & 15} << shift;
}
/// Row `row`: bit `shift` of 32 bytes.
static inline void put_row(BitLanes& lanes, int row, const std::uint8_t* bytes, int shift) noexcept {
  constexpr std::uint32_t kGather = 0x01020408u;  // moves the lowest bits of four bytes to bits 24 to 27
  for (int g = 0; g < 8; ++g) put_group(lanes, row, g, (four(bytes + 4 * g) >> shift & 0x01010101u) * kGather >> 24);
}
/// Row `row`: the 32 bits of four bytes, lowest first, as Q5_0 and Q5_1 store them.
static inline void put_bits(BitLanes& lanes, int row, const std::uint8_t* bytes) noexcept {
  for (int g = 0; g < 8; ++g) put_group(lanes, row, g, static_cast<std::uint32_t>(bytes[g / 2] >> (4 * (g % 2))));
}
static inline int get(const BitLanes& lanes, int row, int column) noexcept {
  return static_cast<int>(lanes.at[column / 4] >> (4 * row + column % 4) & 1);
}
/// The same as put_bits() was given.
static inline void get_bits(const BitLanes& lanes, int row, std::uint8_t* bytes) noexcept {
  for (int j = 0; j < 4; ++j) {
    const std::uint64_t low = lanes.at[2 * j] >> (4 * row) & 15u, high = lanes.at[2 * j + 1] >> (4 * row) & 15u;
    bytes[j] = static_cast<std::uint8_t>(low | high << 4);
  }
}

/// Sixteen blocks as they are, for formats whose panels no kernel multiplies faster than their rows.
template <class Block>
struct WholeBlocks {
  Block at[kPanelRows];
};
template <class Block>
static inline void put_block(WholeBlocks<Block>& slab, int row, const Block& block) noexcept {
  slab.at[row] = block;
}
template <class Block>
static inline void get_block(const WholeBlocks<Block>& slab, int row, Block& block) noexcept {
  block = slab.at[row];
}

}  // namespace brim::quant
