// What this set takes from kernels/shared/.
#include "kernels/avx2/shared.hpp"

#include "kernels/avx2/vector.hpp"
// After vector.hpp, which brings xsimd.
#include "kernels/shared/fill_shared.ipp"

namespace brim::kernels::avx2 {

void fill_shared(Table& table) { fill_shared_from<Vector>(table); }

}  // namespace brim::kernels::avx2
