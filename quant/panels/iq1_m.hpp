// IQ1_M, sixteen rows by 256 columns: whole blocks. The format has no fast product.
#pragma once

#include "quant/formats/iq1_m.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::iq1_m {

using Slab = WholeBlocks<Block>;

}  // namespace brim::quant::iq1_m
