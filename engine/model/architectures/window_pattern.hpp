// Which layers of an architecture see only a window: the families that mix windowed and global layers share one key.
#pragma once

#include <cstdint>

#include "engine/model/config.hpp"
#include "engine/model/keys.hpp"

namespace brim::model {

/// Gives `window` to the layers "attention.sliding_window_pattern" names and 0 to the others. The key is a period p (the
/// last of every p layers is global; 0: none is) or one boolean or integer per layer; `period` stands in when it is absent.
Status apply_window_pattern(const Keys& keys, Config& config, std::int64_t window, std::int64_t period);

}  // namespace brim::model
