// What this set takes from kernels/shared/.
#include "kernels/neon/shared.hpp"

#include "kernels/neon/vector.hpp"
// After vector.hpp, which brings xsimd.
#include "kernels/shared/fill_shared.ipp"

namespace brim::kernels::neon {

void fill_shared(Table& table) { fill_shared_from<Vector>(table); }

const AttentionRowKernels& attention_row_kernels() { return row_kernels<Vector>(); }

}  // namespace brim::kernels::neon
