// What a calibration has measured so far, in a file beside its output, so that one that was stopped goes on.
#pragma once

#include <string>
#include <vector>

#include "apps/calibrate/sensitivity.hpp"

namespace brim::apps {

/// Replaces the file as a whole. `settings`: everything the numbers depend on. Throws Failure (1).
void save_progress(const std::string& path, const std::string& settings, const std::vector<WindowLosses>& windows);

/// What was saved under the same settings, for `count` windows, `layers` layers and `others` other types; empty windows where there is
/// nothing that can be used.
std::vector<WindowLosses> load_progress(const std::string& path, const std::string& settings, std::size_t count,
                                        std::size_t layers, std::size_t others = 0);

}  // namespace brim::apps
