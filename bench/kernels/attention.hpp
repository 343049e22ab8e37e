// Attention alone, as prefill and decode call it: rows of bench_kernels beside the matrix products.
#pragma once

namespace brim::bench {

/// Rows "<set>/attention/<storage>/<model>/<tokens>@<entries>", one thread: GFLOP/s of the two products, GB/s of cache. The
/// cache of each is filled by `filling_threads`.
void register_attention(int filling_threads);

}  // namespace brim::bench
