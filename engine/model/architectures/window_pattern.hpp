// Which layers of an architecture see only a window. An architecture without windows calls none of these functions, and
// a file that gives it one is refused.
#pragma once

#include <cstdint>

#include "engine/model/config.hpp"
#include "engine/model/keys.hpp"

namespace brim::model {

/// Gives all layers the window of "attention.sliding_window", if the file has one.
Status apply_window(const Keys& keys, Config& config);

/// Gives `window` to the layers "attention.sliding_window_pattern" names and 0 to the others. The key is a period p (the
/// last of every p layers is global; 0: none is) or one boolean or integer per layer; `period` stands in when it is absent.
Status apply_window_pattern(const Keys& keys, Config& config, std::int64_t window, std::int64_t period);

/// Takes rotary positions from the layers without a window.
void rotate_windowed_layers_only(Config& config);

}  // namespace brim::model
