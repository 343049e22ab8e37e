// Attention alone, as prefill and decode call it: rows of bench_kernels next to the matrix products.
#pragma once

namespace brim::bench {

/// Rows "<set>/attention/<storage>/<model>/<tokens>@<entries>", one thread: GFLOP/s of the two products, GB/s of cache.
/// `filling_threads` threads fill the cache of each.
void register_attention(int filling_threads);

}  // namespace brim::bench
