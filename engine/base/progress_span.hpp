// Progress of work that has several phases, each of which counts in units of its own: every phase is given a span of one total, so
// that the caller sees one bar that never goes back.
#pragma once

#include "engine/base/log.hpp"

namespace brim {

/// Reports what a phase says of itself as `first` to `last` of `total` to `whole`, which must outlive it. 0 <= first <= last <= total.
/// Empty where `whole` is.
Progress progress_span(const Progress& whole, long long first, long long last, long long total);

}  // namespace brim
