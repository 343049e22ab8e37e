// Finds a text in another one in linear time, whatever the two texts are: std::string_view::find takes time
// proportional to the product of their sizes.
#pragma once

#include <cstddef>
#include <string_view>

namespace brim::platform {

/// Where `wanted` begins in `text` for the first time; npos when it does not occur.
std::size_t find_text(std::string_view text, std::string_view wanted) noexcept;

}  // namespace brim::platform
