// Pieces of a text to measure on: each is a prefix that fills the cache and a continuation that is scored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/model.hpp"

namespace brim::apps {

struct Window {
  std::vector<std::int32_t> ids;  ///< BOS, where the model begins with it, and then the text
  std::size_t prefix = 0;         ///< how many of them come before the continuation
  std::size_t text = 0;           ///< the number of the text that they were cut from
};

/// `count` windows of `size` ids, of which `continuation` are scored, one from each of `count` equal ranges of the
/// text; the place of a window within its range is drawn from `seed` and the window's number. Returns fewer windows
/// where the text is too short for `count` windows without overlap; none where it is shorter than one window.
std::vector<Window> choose_windows(const model::Model& model, std::span<const std::int32_t> text, std::size_t size,
                                   std::size_t continuation, std::size_t count, std::uint64_t seed);

/// The largest power of two that is at most an eighth of the prefix and at most `smallest_cache`; at least 1: tokens
/// that wait in the same chunk are not pruned yet, so a large chunk makes results look better than they are.
std::int64_t reading_chunk(std::int64_t prefix, std::int64_t smallest_cache);

}  // namespace brim::apps
