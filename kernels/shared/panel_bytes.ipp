// Products of panels whose levels are looked up or whose scales are not halves: MXFP4, NVFP4, codebooks, bits. Some
// columns of a panel are spread to signed bytes with float scales, which stay in the first-level cache, and all tokens
// are multiplied by those. So one product serves all these formats, where one of its own (panel_formats.ipp) takes
// 20 KiB in each set, and a look-up is done once for all tokens.
//
// Each (row, token) is added up in the order of its columns, in ranges of kByteColumns: no number of tokens changes a
// bit.
//
// Lanes has, besides what panel_formats.ipp requires:
//   store_bytes(), load_floats()
//   words()                       a vector of get(0), get(1), …, the four bytes of each row
//   with_signs()                  bytes negated where their bit is set
//   powers_of_two(), eight_bit_floats()   MXFP4's and NVFP4's scales
#pragma once

#include "kernels/shared/panel_products.ipp"
#include "quant/codebooks.hpp"

namespace brim::kernels {
namespace {

/// Sixteen rows by 32 columns.
struct ByteSlab {
  float scale[2][quant::kPanelRows];  ///< of sixteen columns each
  std::int8_t levels[8][64];
};

constexpr std::int64_t kByteColumns = 512, kByteTokens = 16;
constexpr std::int64_t kByteAhead = 2048;  ///< prefetch distance in bytes

/// What pairs and bits stand for.
constexpr std::int8_t kPairLevels[16] = {-1, 0, 1, 2}, kBitLevels[16] = {-1, 1};

template <class Lanes>
struct PanelBytes {
  using Slab = ByteSlab;
  using Super = NoSuper;
  using Floats = typename Lanes::Floats;
  static constexpr int kSpans = 1, kScales = 2, kBits = 8, kOffset = 0;
  static constexpr bool kMinimum = false;

  static Super super(const Slab&, int) { return {}; }
  static Floats scale(const Slab& slab, const Super&, int, int half, int row) {
    return Lanes::load_floats(slab.scale[half] + row);
  }
  template <int kGroup>
  static typename Lanes::Bytes group(const Slab& slab, int, int row) {
    return Lanes::load(slab.levels[kGroup] + 4 * row);
  }
};

/// Calls each(row) for the first row of every vector of a panel.
template <class Lanes, class Each>
void for_vectors(Each&& each) {
  for (int row = 0; row < quant::kPanelRows; row += Lanes::kRows) each(row);
}

/// The same scale for both halves of the columns.
template <class Lanes>
void put_scale(ByteSlab& to, int row, typename Lanes::Floats scale) {
  Lanes::store(to.scale[0] + row, scale);
  Lanes::store(to.scale[1] + row, scale);
}

template <class Lanes>
void put_nibbles(ByteSlab& to, const quant::NibbleLanes& lanes, const std::int8_t* codebook) {
  for (int j = 0; j < 4; ++j) {
    for_vectors<Lanes>([&](int row) {
      const typename Lanes::Bytes both = Lanes::load(lanes.at[j] + 4 * row);
      Lanes::store_bytes(to.levels[j] + 4 * row, Lanes::lookup(Lanes::template masked<0, 0x0f>(both), codebook));
      Lanes::store_bytes(to.levels[j + 4] + 4 * row, Lanes::lookup(Lanes::template masked<4, 0x0f>(both), codebook));
    });
  }
}

template <class Lanes>
void put_pairs(ByteSlab& to, const quant::PairLanes& lanes) {
  for (int j = 0; j < 2; ++j) {
    for_vectors<Lanes>([&](int row) {
      const typename Lanes::Bytes four = Lanes::load(lanes.at[j] + 4 * row);
      for_constants<0, 4>([&](auto pair) {
        constexpr int kPair = decltype(pair)::value;
        Lanes::store_bytes(to.levels[4 * j + kPair] + 4 * row,
                           Lanes::lookup(Lanes::template masked<2 * kPair, 3>(four), kPairLevels));
      });
    });
  }
}

/// Where the bits of a group's rows from `row` on begin.
inline const std::uint8_t* bits_of(const quant::BitLanes& lanes, int group, int row) {
  return reinterpret_cast<const std::uint8_t*>(&lanes.at[group]) + row / 2;
}

// A format has kSlabs, the byte slabs that one of its slabs becomes, and spread().

template <class Lanes>
struct SpreadMxfp4 {
  using Slab = quant::mxfp4::Slab;
  static constexpr int kSlabs = 1;
  static void spread(const Slab& slab, ByteSlab* to) {
    for_vectors<Lanes>([&](int row) { put_scale<Lanes>(*to, row, Lanes::powers_of_two(slab.exponent + row)); });
    put_nibbles<Lanes>(*to, slab.quants, quant::mxfp4::kCodebook);
  }
};

template <class Lanes>
struct SpreadNvfp4 {
  using Slab = quant::nvfp4::Slab;
  static constexpr int kSlabs = 2;
  static void spread(const Slab& slab, ByteSlab* to) {
    for (const Slab::Part& part : slab.parts) {
      for_vectors<Lanes>([&](int row) {
        for (int half = 0; half < 2; ++half) {
          Lanes::store(to->scale[half] + row, Lanes::eight_bit_floats(part.scale[half] + row));
        }
      });
      put_nibbles<Lanes>(*to++, part.quants, quant::mxfp4::kCodebook);
    }
  }
};

template <class Lanes>
struct SpreadQ1_0 {
  using Slab = quant::q1_0::Slab;
  static constexpr int kSlabs = 4;
  static void spread(const Slab& slab, ByteSlab* to) {
    for (const quant::BitLanes& lanes : slab.quants) {
      for_vectors<Lanes>([&](int row) {
        put_scale<Lanes>(*to, row, Lanes::halves(slab.scale + row));
        for (int g = 0; g < 8; ++g) {
          const auto bits = Lanes::template with_bits<1>(typename Lanes::Bytes{}, bits_of(lanes, g, row));
          Lanes::store_bytes(to->levels[g] + 4 * row, Lanes::lookup(bits, kBitLevels));
        }
      });
      ++to;
    }
  }
};

template <class Lanes>
struct SpreadQ2_0 {
  using Slab = quant::q2_0::Slab;
  static constexpr int kSlabs = 2;
  static void spread(const Slab& slab, ByteSlab* to) {
    for (const quant::PairLanes& lanes : slab.quants) {
      for_vectors<Lanes>([&](int row) { put_scale<Lanes>(*to, row, Lanes::halves(slab.scale + row)); });
      put_pairs<Lanes>(*to++, lanes);
    }
  }
};

template <class Lanes>
struct SpreadTq2_0 {
  using Slab = quant::tq2_0::Slab;
  static constexpr int kSlabs = 8;
  static void spread(const Slab& slab, ByteSlab* to) {
    for (const quant::PairLanes& lanes : slab.quants) {
      for_vectors<Lanes>([&](int row) { put_scale<Lanes>(*to, row, Lanes::halves(slab.super_scale + row)); });
      put_pairs<Lanes>(*to++, lanes);
    }
  }
};

/// A number of each row, in the compiler's own vectors.
template <class Number>
using Sixteen [[gnu::vector_size(sizeof(Number) * quant::kPanelRows)]] = Number;

/// IQ2 and IQ3. kWords: words of a codebook's point, each the four levels of a group; kHighBits: bits of its number
/// above the lower eight, in a byte for all points of a row; kScales: scales of 32 columns, in one byte; they are
/// (stored + ½) quarters of the super-scale, kQuarters times.
template <class Lanes, class SlabOf, const auto& kCodebook, int kWords, int kHighBits, int kScales, int kQuarters>
struct SpreadCodebook {
  using Slab = SlabOf;
  static constexpr int kSlabs = 8;

  static void spread(const Slab& slab, ByteSlab* to) {
    for (const typename Slab::Part& part : slab.parts) {
      for_vectors<Lanes>([&](int row) {
        const auto step = Lanes::multiply(Lanes::halves(slab.super_scale + row), Lanes::floats(0.25f * kQuarters));
        const auto half_step = Lanes::multiply(step, Lanes::floats(0.5f));
        Lanes::store(to->scale[0] + row, Lanes::fma(Lanes::low_halves_of_bytes(part.scale + row), step, half_step));
        const auto last =
            kScales == 2 ? Lanes::high_halves_of_bytes(part.scale + row) : Lanes::low_halves_of_bytes(part.scale + row);
        Lanes::store(to->scale[1] + row, Lanes::fma(last, step, half_step));
      });
      put_points(*to++, part);
    }
  }

 private:
  static void put_points(ByteSlab& to, const typename Slab::Part& part) {
    constexpr int kPoints = 8 / kWords;
    if constexpr (kHighBits == 0) {
#pragma GCC unroll 1
      for (int e = 0; e < kPoints; ++e) put_groups(to, part, e, part.points[e]);
    } else {
      alignas(32) std::uint16_t points[kPoints][quant::kPanelRows];
      Sixteen<std::uint8_t> high;
      __builtin_memcpy(&high, part.points_high, sizeof high);
      for (int e = 0; e < kPoints; ++e, high >>= kHighBits) {
        Sixteen<std::uint8_t> low;
        __builtin_memcpy(&low, part.points[e], sizeof low);
        const auto above = high & std::uint8_t{(1 << kHighBits) - 1};
        const auto whole = __builtin_convertvector(low, Sixteen<std::uint16_t>) |
                           __builtin_convertvector(above, Sixteen<std::uint16_t>) << 8;
        __builtin_memcpy(points[e], &whole, sizeof whole);
      }
#pragma GCC unroll 1
      for (int e = 0; e < kPoints; ++e) put_groups(to, part, e, points[e]);
    }
  }

  /// The columns of points number `e` of each row, signs included.
  template <class Number>
  static void put_groups(ByteSlab& to, const typename Slab::Part& part, int e, const Number* points) {
#pragma GCC unroll 1
    for (int word = 0; word < kWords; ++word) {
      const int group = kWords * e + word;
      for_vectors<Lanes>([&](int row) {
        const auto levels = Lanes::words([&](int r) __attribute__((always_inline)) {
          return kCodebook.words[kWords * points[row + r] + word];
        });
        Lanes::store_bytes(to.levels[group] + 4 * row, Lanes::with_signs(levels, bits_of(part.signs, group, row)));
      });
    }
  }
};

/// A set's Lanes for one panel at a time.
template <class Lanes>
struct OnePanel : Lanes {
  static constexpr int kVectors = quant::kPanelRows / Lanes::kRows, kStreams = 1;
};

/// Multiplies by panels of any of these formats: spread(panel, first column, columns, byte slabs).
template <class Lanes>
void byte_product(const PanelProduct& p, void (*spread)(const std::byte*, std::int64_t, std::int64_t, ByteSlab*)) {
  alignas(64) ByteSlab slabs[kByteColumns / 32];
  float sums[kByteTokens * quant::kPanelRows];
  PanelProduct part{};
  part.panels = reinterpret_cast<const std::byte*>(slabs);
  part.panel_bytes = sizeof slabs;
  part.rows = quant::kPanelRows;
  part.activation_stride = p.activation_stride;
  part.out = sums;
  part.out_stride = quant::kPanelRows;
  const std::byte* panel = p.panels;
  for (std::int64_t row = 0; row < p.rows; row += quant::kPanelRows, panel += p.panel_bytes) {
    const std::int64_t rows = p.rows - row < quant::kPanelRows ? p.rows - row : quant::kPanelRows;
    for (std::int64_t from = 0; from < p.cols; from += kByteColumns) {
      part.cols = p.cols - from < kByteColumns ? p.cols - from : kByteColumns;
      spread(panel, from, part.cols, slabs);
      for (std::int64_t token = 0; token < p.tokens; token += kByteTokens) {
        part.tokens = p.tokens - token < kByteTokens ? p.tokens - token : kByteTokens;
        part.activations = p.activations + static_cast<std::size_t>(token) * p.activation_stride +
                           static_cast<std::size_t>(from / 32) * sizeof(Q16Block);
        PanelKernel<OnePanel<Lanes>, PanelBytes<OnePanel<Lanes>>>::product(part);
        for (std::int64_t t = 0; t < part.tokens; ++t) {
          float* out = p.out + (token + t) * p.out_stride + row;
          const float* some = sums + t * quant::kPanelRows;
          for (std::int64_t r = 0; r < rows; ++r) out[r] = from == 0 ? some[r] : out[r] + some[r];
        }
      }
    }
  }
}

template <class Format>
void spread_columns(const std::byte* panel, std::int64_t from, std::int64_t cols, ByteSlab* to) {
  constexpr std::int64_t kColumns = 32 * Format::kSlabs;
  static_assert(kByteColumns % kColumns == 0);
  const auto* slab = reinterpret_cast<const typename Format::Slab*>(panel) + from / kColumns;
  for (std::int64_t s = 0; s < cols / kColumns; ++s) {
    const std::byte* ahead = reinterpret_cast<const std::byte*>(slab + s) + kByteAhead;
    for (std::size_t i = 0; i < sizeof slab[s]; i += 64) __builtin_prefetch(ahead + i, 0, 3);
    Format::spread(slab[s], to + s * Format::kSlabs);
  }
}

template <class Lanes, class Format>
void spread_product(const PanelProduct& p) noexcept {
  byte_product<Lanes>(p, spread_columns<Format>);
}

template <class Lanes>
void fill_byte_products(Table& table, Activation activation = Activation::q16_32) {
  const auto entry = [&](quant::Format format, void (*function)(const PanelProduct&) noexcept) {
    table.panels_pay[static_cast<int>(format)] = true;
    table.panel_activation[static_cast<int>(format)] = activation;
    table.panel_product[static_cast<int>(format)] = function;
  };
  using quant::Format;
  namespace books = quant::codebooks;
  entry(Format::mxfp4, spread_product<Lanes, SpreadMxfp4<Lanes>>);
  entry(Format::nvfp4, spread_product<Lanes, SpreadNvfp4<Lanes>>);
  entry(Format::q1_0, spread_product<Lanes, SpreadQ1_0<Lanes>>);
  entry(Format::q2_0, spread_product<Lanes, SpreadQ2_0<Lanes>>);
  entry(Format::tq2_0, spread_product<Lanes, SpreadTq2_0<Lanes>>);
  entry(Format::iq2_xxs,
        spread_product<Lanes, SpreadCodebook<Lanes, quant::iq2_xxs::Slab, books::iq2_xxs, 2, 0, 1, 1>>);
  entry(Format::iq2_xs, spread_product<Lanes, SpreadCodebook<Lanes, quant::iq2_xs::Slab, books::iq2_xs, 2, 1, 2, 1>>);
  entry(Format::iq2_s, spread_product<Lanes, SpreadCodebook<Lanes, quant::iq2_s::Slab, books::iq2_s, 2, 2, 2, 1>>);
  entry(Format::iq3_xxs,
        spread_product<Lanes, SpreadCodebook<Lanes, quant::iq3_xxs::Slab, books::iq3_xxs, 1, 0, 1, 2>>);
  entry(Format::iq3_s, spread_product<Lanes, SpreadCodebook<Lanes, quant::iq3_s::Slab, books::iq3_s, 1, 1, 1, 8>>);
}

}  // namespace
}  // namespace brim::kernels
