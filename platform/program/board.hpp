// How warm and how fast the processor is, where Linux says so: a small board slows down when it gets hot, and a rate says
// little without that.
#pragma once

#include <optional>
#include <string>

namespace brim::platform {

struct Board {
  std::optional<double> celsius;    ///< of the warmest place that is measured
  std::optional<double> megahertz;  ///< of the fastest core at this moment
};

/// As /sys below `root` has it now; what it does not have is left out.
Board read_board(const std::string& root = "/");

}  // namespace brim::platform
