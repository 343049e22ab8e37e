// The temperature and clock of the processor, where Linux reports them: a small board slows down when it gets hot, and
// a measured rate means little without them.
#pragma once

#include <optional>
#include <string>

namespace brim::platform {

struct Board {
  std::optional<double> celsius;    ///< of the warmest sensor
  std::optional<double> megahertz;  ///< of the fastest core at this moment
};

/// The current values in /sys below `root`; values that the system does not report are left out.
Board read_board(const std::string& root = "/");

}  // namespace brim::platform
