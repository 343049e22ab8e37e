// What a calibration has measured so far, in a file next to its output, so that a calibration that was stopped can
// continue.
#pragma once

#include <string>
#include <vector>

#include "apps/calibrate/sensitivity.hpp"

namespace brim::apps {

/// Refuses a file of that name that is none of these, which saving would replace and the end of the work remove. Throws
/// Failure (2).
void check_progress_file(const std::string& path);

/// Replaces the whole file. `settings`: everything that the numbers depend on. Throws Failure (1).
void save_progress(const std::string& path, const std::string& settings, const std::vector<WindowLosses>& windows);

/// Loads what was saved under the same settings, for `count` windows, `layers` layers and `others` other types. Returns
/// empty windows where there is nothing usable.
std::vector<WindowLosses> load_progress(const std::string& path, const std::string& settings, std::size_t count,
                                        std::size_t layers, std::size_t others = 0);

}  // namespace brim::apps
