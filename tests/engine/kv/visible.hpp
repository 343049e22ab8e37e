// What a memory shows of a text, to compare memories that came to it in different ways.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

namespace brim::test {

/// What later tokens can see of each layer: positions and bits. With a window, what the next token sees.
struct Visible {
  std::vector<std::vector<std::int64_t>> positions;
  std::vector<std::vector<float>> keys, values;
  std::int64_t tokens = 0, next = 0;
  bool operator==(const Visible&) const = default;
};

inline Visible visible(FakeModel& model) {
  Visible seen;
  seen.tokens = model.cache().tokens();
  seen.next = model.cache().next_position();
  for (int layer = 0; layer < model.layers(); ++layer) {
    const kv::View view = model.cache().view(stream(layer));
    const std::int64_t window = model.shape().layers[static_cast<std::size_t>(layer)].window;
    seen.positions.emplace_back();
    for (std::int64_t i = 0; i < view.retained(); ++i) {
      const std::int64_t position = view.positions()[static_cast<std::size_t>(i)];
      if (window > 0 && seen.next - position >= window) continue;
      seen.positions.back().push_back(position);
      const SeenEntry entry = see_entry(view, model.shape(), layer, 0, i);
      seen.keys.push_back(entry.key);
      seen.values.push_back(entry.value);
    }
  }
  return seen;
}

}  // namespace brim::test
