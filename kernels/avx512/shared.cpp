// What this set takes from kernels/shared/.
#include "kernels/avx512/shared.hpp"

#include "kernels/avx512/vector.hpp"
// After vector.hpp, which brings xsimd.
#include "kernels/shared/fill_shared.ipp"

namespace brim::kernels::avx512 {

void fill_shared(Table& table) { fill_shared_from<Vector>(table); }

const AttentionRowKernels& attention_row_kernels() { return row_kernels<Vector>(); }

}  // namespace brim::kernels::avx512
