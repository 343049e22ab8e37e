// What each layer's part of the KV cache holds, as lines with a bar: for /kv and /stats.
#pragma once

#include <brim/brim.hpp>
#include <string>
#include <vector>

namespace brim::apps {

/// One line for each run of layers that are alike: quota, entries held, entries forgotten, and a bar as long as the
/// quota is, against the largest one, filled as far as it is used.
std::vector<std::string> layer_lines(const std::vector<brim_layer_stats>& layers);
std::vector<std::string> layer_lines(const Session& session);

}  // namespace brim::apps
