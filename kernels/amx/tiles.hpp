// Tiles in the registers made for them: two tiles of tokens times two panels, whose four sums stay in tile registers
// for the whole depth that is unpacked. Every load serves two products, so that only one tile of one of the two panels
// and one tile of tokens comes from the caches for each pair of multiplications.
//
// Instructions are the processor's (instructions.hpp), or an imitation that tests run on any machine:
//   configure(Configuration), release()
//   zero<tile>(), load<tile>(from, stride), store<tile>(to, stride), multiply<sums, tokens, weights>()
// All tiles have the full size, 16 rows of 64 bytes, whatever the product is: one configuration is enough for every
// product.
#pragma once

#include "kernels/shared/gemm.ipp"

namespace brim::kernels::amx {
namespace {

/// What ldtilecfg reads: 64 bytes with the number of rows and the bytes per row of each of the eight tiles.
struct alignas(64) Configuration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(Configuration) == 64);

template <class Instructions>
struct Tiles {
  /// Sums leave their tiles once per this many columns; the 128 KiB of both panels fit in the second-level cache.
  static constexpr std::int64_t kDepth = kGemmDepth;

  /// A thread's tiles, configured only during a product: a configuration that stays active would be saved at every
  /// thread switch.
  struct Session {
    Session() { Instructions::configure(Configuration{}); }
    ~Session() { Instructions::release(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
  };

  template <int kDeep, int kWide>
  static void multiply(const TileBlock& block) {
    // Tiles 0 … 3: sums of token tile d and panel w in 2 d + w; 4 and 5: tokens; 6 and 7: weights.
    const auto for_sums = [&](auto each) __attribute__((always_inline)) {
      for_constants<0, kDeep * kWide>([&](auto index) __attribute__((always_inline)) {
        constexpr int d = decltype(index)::value / kWide, w = decltype(index)::value % kWide;
        each(Constant<2 * d + w>{}, block.sums[d][w]);
      });
    };
    for_sums([&](auto tile, const TileBlock::Sums& sums) __attribute__((always_inline)) {
      if (block.first) {
        Instructions::template zero<decltype(tile)::value>();
      } else {
        Instructions::template load<decltype(tile)::value>(sums.at,
                                                           static_cast<std::size_t>(sums.stride) * sizeof(float));
      }
    });
    for (std::int64_t step = 0; step < block.steps; ++step) {
      Instructions::template load<6>(block.weights[0] + step * kTileBytes, 64);
      if constexpr (kWide == 2) Instructions::template load<7>(block.weights[1] + step * kTileBytes, 64);
      for_constants<0, kDeep>([&](auto deep) __attribute__((always_inline)) {
        constexpr int d = decltype(deep)::value;
        Instructions::template load<4 + d>(block.tokens[d] + step * kTileColumns * 2, block.token_stride);
        Instructions::template multiply<2 * d, 4 + d, 6>();
        if constexpr (kWide == 2) Instructions::template multiply<2 * d + 1, 4 + d, 7>();
      });
    }
    for_sums([&](auto tile, const TileBlock::Sums& sums) __attribute__((always_inline)) {
      Instructions::template store<decltype(tile)::value>(sums.at,
                                                          static_cast<std::size_t>(sums.stride) * sizeof(float));
    });
  }
};

}  // namespace
}  // namespace brim::kernels::amx
