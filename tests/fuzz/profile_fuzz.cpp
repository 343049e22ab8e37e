// Profiles of brim calibrate: any bytes are parsed or refused with a sentence, and a parsed profile has only finite
// numbers.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/model/profile_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = brim::model::parse_profile({reinterpret_cast<const char*>(data), size}, "input");
  if (!file) {
    if (file.error().sentence.empty()) std::abort();
    return 0;
  }
  for (const brim::kv::LayerProfile& layer : file->profile.layers) {
    for (const double loss : layer.loss) {
      if (!std::isfinite(loss)) std::abort();
    }
    if (!(layer.prunable > 0)) std::abort();
  }
  if (!brim::model::parse_profile(brim::model::to_json(*file), "again")) std::abort();
  return 0;
}
