// TQ1_0, sixteen rows by 256 columns: whole blocks. The format has no fast product.
#pragma once

#include "quant/formats/tq1_0.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::tq1_0 {

using Slab = WholeBlocks<Block>;

}  // namespace brim::quant::tq1_0
