// Layer uncertainty as shares (ZigZagKV, arXiv 2412.09036, equations 4 to 6), whatever it is measured by.
#pragma once

#include <span>

namespace brim::kv {

/// B_bound + (B_avg − B_bound) · L · u_l with u_l = seen_l / Σ seen and B_bound = .2 · B_avg; all alike where nothing
/// was seen. Allocates nothing.
void shares_by_uncertainty(std::span<const double> seen, std::span<double> shares);

}  // namespace brim::kv
