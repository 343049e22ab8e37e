// Progress of work that has several phases, each of which counts in its own units: every phase gets a span of one
// total, so that the caller sees one bar that never goes back.
#pragma once

#include "engine/base/log.hpp"

namespace brim {

/// Maps a phase's progress to the span from `first` to `last` of `total` and reports it to `whole`, which must outlive
/// the result. 0 <= first <= last <= total. Empty where `whole` is.
Progress progress_span(const Progress& whole, long long first, long long last, long long total);

}  // namespace brim
