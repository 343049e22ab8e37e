// What a slab of each quantised format holds, in vectors: `Lanes::kRows` rows of a group of four columns at a time, and
// those rows' scales and minimums as floats. Lanes is defined per set (kernels/<set>/lanes.hpp); the slabs are drawn in
// quant/panels/. A format has these members:
//   kSpans      spans of 32 columns in a slab
//   kScales     scales (and minimums) per 32 columns: 1, or 2 of sixteen columns each
//   kBits       largest level is below 2^kBits; 8: signed levels −128 … 127, else unsigned
//   kOffset     the level that stands for zero
//   kMinimum    whether a minimum is subtracted
//   Super       what is read once per slab
//   scale(), minimum(), group<g>(): columns 4 g … 4 g + 3 of a span
// `row` is the first of the vector's rows in the panel.
#pragma once

#include "kernels/table.hpp"
#include "quant/panels/all.hpp"

namespace brim::kernels {
namespace {

struct NoSuper {};

template <class Lanes, int kGroup>
typename Lanes::Bytes nibbles(const quant::NibbleLanes& lanes, int row) {
  const typename Lanes::Bytes both = Lanes::load(lanes.at[kGroup % 4] + 4 * row);
  if constexpr (kGroup < 4) {
    return Lanes::template masked<0, 0x0f>(both);
  } else {
    return Lanes::template masked<4, 0x0f>(both);
  }
}

/// Two bits of each value, at bit kTo of the result.
template <class Lanes, int kGroup, int kTo>
typename Lanes::Bytes pairs(const quant::PairLanes& lanes, int row) {
  return Lanes::template masked<2 * (kGroup % 4) - kTo, 3 << kTo>(Lanes::load(lanes.at[kGroup / 4] + 4 * row));
}

/// Adds kValue to each value whose bit is set.
template <class Lanes, int kGroup, int kValue>
typename Lanes::Bytes with_bits(typename Lanes::Bytes levels, const quant::BitLanes& lanes, int row) {
  return Lanes::template with_bits<kValue>(levels, reinterpret_cast<const std::uint8_t*>(&lanes.at[kGroup]) + row / 2);
}

/// Formats of one scale, and perhaps a minimum, per 32 columns, for both halves.
template <class Lanes, class SlabOf, bool kWithMinimum>
struct SimpleFormat {
  using Slab = SlabOf;
  using Super = NoSuper;
  using Floats = typename Lanes::Floats;
  static constexpr int kSpans = 1, kScales = 1;
  static constexpr bool kMinimum = kWithMinimum;

  static Super super(const Slab&, int) { return {}; }
  static Floats scale(const Slab& slab, const Super&, int, int, int row) { return Lanes::halves(slab.scale + row); }
  static Floats minimum(const Slab& slab, const Super&, int, int, int row) {
    // Stored with the sign of an addition, but subtracted here.
    if constexpr (kWithMinimum) return Lanes::negative(Lanes::halves(slab.minimum + row));
    return Lanes::zero_floats();
  }
};

template <class Lanes>
struct PanelQ4_0 : SimpleFormat<Lanes, quant::q4_0::Slab, false> {
  static constexpr int kBits = 4, kOffset = 8;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q4_0::Slab& slab, int, int row) {
    return nibbles<Lanes, kGroup>(slab.quants, row);
  }
};

template <class Lanes>
struct PanelQ4_1 : SimpleFormat<Lanes, quant::q4_1::Slab, true> {
  static constexpr int kBits = 4, kOffset = 0;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q4_1::Slab& slab, int, int row) {
    return nibbles<Lanes, kGroup>(slab.quants, row);
  }
};

template <class Lanes>
struct PanelQ5_0 : SimpleFormat<Lanes, quant::q5_0::Slab, false> {
  static constexpr int kBits = 5, kOffset = 16;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q5_0::Slab& slab, int, int row) {
    return with_bits<Lanes, kGroup, 16>(nibbles<Lanes, kGroup>(slab.quants, row), slab.high_bits, row);
  }
};

template <class Lanes>
struct PanelQ5_1 : SimpleFormat<Lanes, quant::q5_1::Slab, true> {
  static constexpr int kBits = 5, kOffset = 0;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q5_1::Slab& slab, int, int row) {
    return with_bits<Lanes, kGroup, 16>(nibbles<Lanes, kGroup>(slab.quants, row), slab.high_bits, row);
  }
};

template <class Lanes>
struct PanelQ8_0 : SimpleFormat<Lanes, quant::q8_0::Slab, false> {
  static constexpr int kBits = 8, kOffset = 0;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q8_0::Slab& slab, int, int row) {
    return Lanes::load(slab.quants[kGroup] + 4 * row);
  }
};

template <class Lanes>
struct PanelIq4Nl : SimpleFormat<Lanes, quant::iq4_nl::Slab, false> {
  static constexpr int kBits = 8, kOffset = 0;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::iq4_nl::Slab& slab, int, int row) {
    return Lanes::lookup(nibbles<Lanes, kGroup>(slab.quants, row), quant::iq4_nl::kCodebook);
  }
};

/// Formats whose scales are small integers times a super-scale of 256 columns.
template <class Lanes, class SlabOf>
struct SuperFormat {
  using Slab = SlabOf;
  using Floats = typename Lanes::Floats;
  static constexpr int kSpans = 8;
  struct Super {
    Floats scale;
  };
  static Super super(const Slab& slab, int row) { return {Lanes::halves(slab.super_scale + row)}; }
};

template <class Lanes, class SlabOf>
struct SuperFormatWithMinimum {
  using Slab = SlabOf;
  using Floats = typename Lanes::Floats;
  static constexpr int kSpans = 8, kOffset = 0;
  static constexpr bool kMinimum = true;
  struct Super {
    Floats scale, minimum;
  };
  static Super super(const Slab& slab, int row) {
    return {Lanes::halves(slab.super_scale + row), Lanes::halves(slab.super_minimum + row)};
  }
};

/// Q4_K and Q5_K: whole bytes for scale and minimum of 32 columns.
template <class Lanes, class SlabOf>
struct ByteScales : SuperFormatWithMinimum<Lanes, SlabOf> {
  using Super = typename SuperFormatWithMinimum<Lanes, SlabOf>::Super;
  using Floats = typename Lanes::Floats;
  static constexpr int kScales = 1;
  static Floats scale(const SlabOf& slab, const Super& super, int part, int, int row) {
    return Lanes::multiply(super.scale, Lanes::unsigned_bytes(slab.parts[part].scale + row));
  }
  static Floats minimum(const SlabOf& slab, const Super& super, int part, int, int row) {
    return Lanes::multiply(super.minimum, Lanes::unsigned_bytes(slab.parts[part].minimum + row));
  }
};

template <class Lanes>
struct PanelQ4K : ByteScales<Lanes, quant::q4_k::Slab> {
  static constexpr int kBits = 4;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q4_k::Slab& slab, int part, int row) {
    return nibbles<Lanes, kGroup>(slab.parts[part].quants, row);
  }
};

template <class Lanes>
struct PanelQ5K : ByteScales<Lanes, quant::q5_k::Slab> {
  static constexpr int kBits = 5;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q5_k::Slab& slab, int part, int row) {
    return with_bits<Lanes, kGroup, 16>(nibbles<Lanes, kGroup>(slab.parts[part].quants, row),
                                        slab.parts[part].high_bits, row);
  }
};

template <class Lanes>
struct PanelQ2K : SuperFormatWithMinimum<Lanes, quant::q2_k::Slab> {
  using Super = typename SuperFormatWithMinimum<Lanes, quant::q2_k::Slab>::Super;
  using Floats = typename Lanes::Floats;
  static constexpr int kScales = 2, kBits = 2;
  static Floats scale(const quant::q2_k::Slab& slab, const Super& super, int part, int half, int row) {
    return Lanes::multiply(super.scale, Lanes::low_halves_of_bytes(slab.parts[part].scale[half] + row));
  }
  static Floats minimum(const quant::q2_k::Slab& slab, const Super& super, int part, int half, int row) {
    return Lanes::multiply(super.minimum, Lanes::high_halves_of_bytes(slab.parts[part].scale[half] + row));
  }
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q2_k::Slab& slab, int part, int row) {
    return pairs<Lanes, kGroup, 0>(slab.parts[part].quants, row);
  }
};

/// Q3_K and Q6_K: signed bytes for the scales of sixteen columns each; levels around zero.
template <class Lanes, class SlabOf>
struct SignedScales : SuperFormat<Lanes, SlabOf> {
  using Super = typename SuperFormat<Lanes, SlabOf>::Super;
  using Floats = typename Lanes::Floats;
  static constexpr int kScales = 2;
  static constexpr bool kMinimum = false;
  static Floats scale(const SlabOf& slab, const Super& super, int part, int half, int row) {
    return Lanes::multiply(super.scale, Lanes::signed_bytes(slab.parts[part].scale[half] + row));
  }
};

template <class Lanes>
struct PanelQ3K : SignedScales<Lanes, quant::q3_k::Slab> {
  static constexpr int kBits = 3, kOffset = 4;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q3_k::Slab& slab, int part, int row) {
    return with_bits<Lanes, kGroup, 4>(pairs<Lanes, kGroup, 0>(slab.parts[part].low_bits, row),
                                       slab.parts[part].high_bits, row);
  }
};

template <class Lanes>
struct PanelQ6K : SignedScales<Lanes, quant::q6_k::Slab> {
  static constexpr int kBits = 6, kOffset = 32;
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::q6_k::Slab& slab, int part, int row) {
    return Lanes::either(nibbles<Lanes, kGroup>(slab.parts[part].low_bits, row),
                         pairs<Lanes, kGroup, 4>(slab.parts[part].high_bits, row));
  }
};

template <class Lanes>
struct PanelIq4Xs : SuperFormat<Lanes, quant::iq4_xs::Slab> {
  using Super = typename SuperFormat<Lanes, quant::iq4_xs::Slab>::Super;
  using Floats = typename Lanes::Floats;
  static constexpr int kScales = 1, kBits = 8, kOffset = 0;
  static constexpr bool kMinimum = false;
  static Floats scale(const quant::iq4_xs::Slab& slab, const Super& super, int part, int, int row) {
    return Lanes::multiply(super.scale, Lanes::signed_bytes(slab.parts[part].scale + row));
  }
  template <int kGroup>
  static typename Lanes::Bytes group(const quant::iq4_xs::Slab& slab, int part, int row) {
    return Lanes::lookup(nibbles<Lanes, kGroup>(slab.parts[part].quants, row), quant::iq4_nl::kCodebook);
  }
};

}  // namespace
}  // namespace brim::kernels
