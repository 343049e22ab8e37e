// See progress_span.hpp.
#include "engine/base/progress_span.hpp"

#include <algorithm>

namespace brim {

Progress progress_span(const Progress& whole, long long first, long long last, long long total) {
  if (!whole) return {};
  return [&whole, first, last, total](long long done, long long of) {
    const double share = of > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(of), 0.0, 1.0) : 1.0;
    const auto here = static_cast<long long>(share * static_cast<double>(last - first));
    return whole(std::min(first + here, last), total);
  };
}

}  // namespace brim
