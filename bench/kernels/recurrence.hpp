// Recurrences alone, token by token and in blocks: rows of bench_kernels next to the matrix products.
#pragma once

namespace brim::bench {

/// Rows "<set>/<delta_rule or scan>/<model>/<tokens or blocks>", one head of a layer on one thread: tokens per second.
void register_recurrences();

}  // namespace brim::bench
