// See platform/program/board.hpp: thermal_zone*/temp is in thousandths of a degree, scaling_cur_freq in kHz (Linux,
// Documentation/ABI: sysfs-class-thermal, sysfs-devices-system-cpu).
#include "platform/program/board.hpp"

#include <filesystem>

#include "platform/linux/system_text.hpp"

namespace brim::platform {
namespace {

/// The largest number found in `file` of the entries of `folder` whose names start with `prefix`, times `unit`. Sensors
/// that know nothing report numbers outside of 0 … `max`.
std::optional<double> largest(const std::string& folder, const std::string& prefix, const std::string& file,
                              double unit, double max) {
  std::optional<double> found;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(prefix)) continue;
    const auto number = leading_number(read_text((entry->path() / file).string()).value_or(""));
    const double value = static_cast<double>(number.value_or(0)) * unit;
    if (value > 0 && value < max && value > found.value_or(0)) found = value;
  }
  return found;
}

}  // namespace

Board read_board(const std::string& root) {
  return {largest(root + "/sys/class/thermal", "thermal_zone", "temp", 1e-3, 200),
          largest(root + "/sys/devices/system/cpu", "cpu", "cpufreq/scaling_cur_freq", 1e-3, 1e5)};
}

}  // namespace brim::platform
