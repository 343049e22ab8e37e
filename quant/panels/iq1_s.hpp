// IQ1_S, sixteen rows by 256 columns: whole blocks. The format has no fast product.
#pragma once

#include "quant/formats/iq1_s.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::iq1_s {

using Slab = WholeBlocks<Block>;

}  // namespace brim::quant::iq1_s
