// The content of each layer's share of the KV cache, as lines with a bar: for /kv and /stats.
#pragma once

#include <brim/brim.hpp>
#include <string>
#include <vector>

namespace brim::apps {

/// One line for each run of layers that are alike: quota, entries held, entries evicted, and a bar. The bar's length is
/// the quota relative to the largest one, and it is filled as far as the quota is used.
std::vector<std::string> layer_lines(const std::vector<brim_layer_stats>& layers);
std::vector<std::string> layer_lines(const Session& session);

}  // namespace brim::apps
