// Shapes of KV memories out of arbitrary bytes, for kv_fuzz.cpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "engine/kv/plan.hpp"

namespace brim::test {

inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

/// Takes numbers from the front of the input; zeros when the input is used up.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  std::int64_t next() { return empty() ? 0 : bytes_[at_++]; }
  int last() const { return bytes_.empty() ? 0 : bytes_.back(); }
  std::int64_t wide(int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint64_t>(next());
    return static_cast<std::int64_t>(value);
  }
  std::string_view text(std::size_t max) {
    const std::size_t size = std::min(max, bytes_.size() - at_);
    const auto* begin = reinterpret_cast<const char*>(bytes_.data() + at_);
    at_ += size;
    return {begin, size};
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

/// Below 128, keys and values have the same type, f32 to q8_0; above, all combinations.
inline kernels::KvTypes types_of(std::int64_t number) {
  using kernels::KvType;
  if (number < 128) return static_cast<KvType>(number % 3);
  constexpr int kCount = kernels::kKvTypeCount;
  return {static_cast<KvType>(number % kCount), static_cast<KvType>(number / kCount % kCount)};
}

/// One to three layers of any sizes that fit into a small buffer.
inline kv::Shape small_shape(Bytes& in) {
  kv::Shape shape;
  shape.context = 1 + in.wide(2) % 300;
  const std::int64_t types = in.next();
  for (std::int64_t n = 1 + in.next() % 3; n > 0; --n) {
    shape.layers.push_back({static_cast<int>(1 + in.next() % 3), static_cast<int>(4 + in.next() % 45),
                            static_cast<int>(4 + in.next() % 45), in.next() % 2 == 0 ? 1 + in.wide(2) % 320 : 0,
                            in.next() % 4 != 0});
    shape.layers.back().types = types_of(types >= 128 ? 128 + types * n % 128 : types);
  }
  return shape;
}

/// The same with layers of every kind: values at the beginning of keys, entries that later layers attend to, learned
/// scores; and, behind them, layers with states.
inline kv::Shape shape_of_kinds(Bytes& in) {
  kv::Shape shape = small_shape(in);
  for (kv::StreamShape& layer : shape.layers) {
    const std::int64_t kind = in.next();
    layer.held = kind % 4 == 1;
    layer.scored = kind / 4 % 2 == 1;
    if (kind / 8 % 2 == 0) continue;
    if (layer.value_size > layer.key_size) std::swap(layer.value_size, layer.key_size);
    layer.types.value = layer.types.key;
    layer.values_in_keys = true;
    layer.values_in_keys = kv::can_be_stored(layer);
  }
  const auto layers = shape.layers.size();
  const auto states = static_cast<std::size_t>(std::max<std::int64_t>(in.next() % 6 - 3, 0));
  for (std::size_t i = 0; i < states; ++i) {
    shape.states.push_back({kv::id_at<kv::LayerId>(layers + i), 1 + in.wide(2) % 2000});
  }
  shape.drafts = in.next() % 2 == 1;
  return shape;
}

}  // namespace brim::test
