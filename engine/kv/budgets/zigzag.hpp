// Layer uncertainty as shares (ZigZagKV, arXiv 2412.09036, equations 4 to 6), for any measure of uncertainty.
#pragma once

#include <span>

namespace brim::kv {

/// B_bound + (B_avg − B_bound) · L · u_l with u_l = seen_l / Σ seen and B_bound = .2 · B_avg; all equal where nothing
/// was observed. Allocates nothing.
void shares_by_uncertainty(std::span<const double> seen, std::span<double> shares);

}  // namespace brim::kv
