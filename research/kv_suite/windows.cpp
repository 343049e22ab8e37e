// See windows.hpp.
#include "research/kv_suite/windows.hpp"

#include <algorithm>
#include <bit>

#include "engine/base/splitmix64.hpp"

namespace brim::apps {

std::vector<Window> choose_windows(const model::Model& model, std::span<const std::int32_t> text, std::size_t size,
                                   std::size_t continuation, std::size_t count, std::uint64_t seed) {
  const text::Vocabulary& vocabulary = model.tokenizer().vocabulary();
  const bool begins = vocabulary.add_bos && vocabulary.bos >= 0;
  const std::size_t taken = size - (begins ? 1 : 0);
  count = std::min(count, text.size() / taken);
  std::vector<Window> windows;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t part = text.size() / count;
    std::uint64_t state = seed * 1000003u + i;
    const std::size_t at = i * part + static_cast<std::size_t>(splitmix64(state) % (part - taken + 1));
    Window window;
    if (begins) window.ids.push_back(vocabulary.bos);
    window.ids.insert(window.ids.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                      text.begin() + static_cast<std::ptrdiff_t>(at + taken));
    window.prefix = size - continuation;
    windows.push_back(std::move(window));
  }
  return windows;
}

std::int64_t reading_chunk(std::int64_t prefix, std::int64_t smallest_cache) {
  const std::int64_t max = std::max<std::int64_t>(1, std::min(prefix / 8, smallest_cache));
  return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(max)));
}

}  // namespace brim::apps
