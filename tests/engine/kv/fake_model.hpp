// What the cache tests need from a model: keys and values that are a pure function of (layer, head, token), a real
// rotary embedding, memory with guards around it, and a driver that processes chunks as the decoder does.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/kv/memory.hpp"
#include "kernels/dispatch.hpp"
#include "tests/support/random.hpp"

namespace brim::test {

/// Rotary embedding in neighbouring pairs with base 10000. Layers without rope have none when they are created; if
/// their keys are rotated again by mistake, they change and the test notices.
class FakeRotation : public kv::KeyRotation {
 public:
  explicit FakeRotation(const kv::Shape& shape) : shape_(shape) {}

  void rotate_back(kv::LayerId layer, float* keys, std::int64_t count, std::int64_t delta) const noexcept override {
    const int size = shape_.layers[kv::index_of(layer)].key_size;
    for (std::int64_t key = 0; key < count; ++key) turn(keys + key * size, size, -delta);
  }
  void rotate(int layer, float* key, std::int64_t position) const noexcept {
    const kv::StreamShape& shape = shape_.layers[static_cast<std::size_t>(layer)];
    if (shape.rope) turn(key, shape.key_size, position);
  }

 private:
  static void turn(float* key, int size, std::int64_t position) noexcept {
    for (int i = 0; i + 1 < size; i += 2) {
      const double angle = static_cast<double>(position) * std::pow(10000.0, -static_cast<double>(i) / size);
      const double x = key[i], y = key[i + 1];
      key[i] = static_cast<float>(x * std::cos(angle) - y * std::sin(angle));
      key[i + 1] = static_cast<float>(x * std::sin(angle) + y * std::cos(angle));
    }
  }

  kv::Shape shape_;
};

/// Unrotated key or value of one token, the same for every run.
inline std::vector<float> fake_vector(int layer, int head, std::int64_t token, int size, bool is_value) {
  Random random(static_cast<std::uint64_t>(token) * 1000003u + static_cast<std::uint64_t>(layer) * 8191u +
                static_cast<std::uint64_t>(head) * 131u + (is_value ? 1u : 0u));
  std::vector<float> vector(static_cast<std::size_t>(size));
  for (float& value : vector) value = random.unit();
  return vector;
}

inline std::vector<float> fake_key(const FakeRotation& rotation, const kv::StreamShape& shape, int layer, int head,
                                   std::int64_t token, std::int64_t position) {
  std::vector<float> key = fake_vector(layer, head, token, shape.key_size, false);
  rotation.rotate(layer, key.data(), position);
  return key;
}

/// The learned score of one token, the same for every run.
inline float fake_score(int layer, int head, std::int64_t token) {
  return Random(static_cast<std::uint64_t>(token) * 7001u + static_cast<std::uint64_t>(layer) * 61u +
                static_cast<std::uint64_t>(head))
      .unit();
}

/// Token ids of the fake text: 1 to 15; and what each of them ends: some end a sentence, a clause or a word.
inline std::int32_t fake_token(std::int64_t token) {
  return static_cast<std::int32_t>(Random(static_cast<std::uint64_t>(token) * 77 + 5).pick(1, 15));
}
inline std::span<const std::uint8_t> fake_delimiters() {
  static constexpr std::uint8_t kClasses[16] = {0, 4, 2, 7, 1, 0x80, 0x80};
  return kClasses;
}

/// What the cache should have stored for `values`, converted back to floats.
inline std::vector<float> through_storage(kernels::KvType type, const std::vector<float>& values) {
  const int size = static_cast<int>(values.size());
  std::vector<std::byte> packed(kernels::kv_vector_bytes(type, size));
  std::vector<float> back(values.size());
  kernels::active().pack_kv[static_cast<int>(type)](values.data(), size, packed.data());
  kernels::active().unpack_kv[static_cast<int>(type)](packed.data(), size, back.data());
  return back;
}

/// Keys and values of consecutive tokens.
inline kv::TokenRows side_by_side(const kv::StreamShape& shape, const float* keys, const float* values) {
  return {keys, values, std::int64_t{shape.kv_heads} * shape.key_size, std::int64_t{shape.kv_heads} * shape.value_size};
}

/// One entry as a view shows it, unpacked.
struct SeenEntry {
  std::vector<float> key, value;
};

inline SeenEntry see_entry(const kv::View& view, const kv::Shape& shape, int layer, int head, std::int64_t entry) {
  const kv::StreamShape& own = shape.layers[static_cast<std::size_t>(layer)];
  const kv::EntryRange range = view.range(head, entry, entry + 1);
  SeenEntry seen{std::vector<float>(static_cast<std::size_t>(own.key_size)),
                 std::vector<float>(static_cast<std::size_t>(own.value_size))};
  const auto& unpack = kernels::active().unpack_kv;
  unpack[static_cast<int>(own.types.key)](range.keys, own.key_size, seen.key.data());
  unpack[static_cast<int>(own.types.value)](range.values, own.value_size, seen.value.data());
  return seen;
}

/// The stream with this number.
constexpr kv::StreamId stream(int number) { return static_cast<kv::StreamId>(number); }

/// A KV memory in bytes that are guarded on both sides, its rotation, and the open chunk.
class FakeModel {
 public:
  explicit FakeModel(const kv::Plan& plan) : rotation_(plan.shape), bytes_(plan.budget_bytes) {
    memory_.assign(static_cast<std::size_t>(bytes_) + 3 * kGuard, kGuardByte);
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    offset_ = kGuard + (64 - (address + kGuard) % 64) % 64;
    std::memset(memory_.data() + offset_, 0, static_cast<std::size_t>(bytes_));
    auto made = kv::Memory::create(plan, std::span(memory_).subspan(offset_, static_cast<std::size_t>(bytes_)),
                                   kernels::active(), &rotation_, fake_delimiters());
    if (made) cache_ = std::move(made).value();
  }

  bool ok() const { return cache_ != nullptr; }
  kv::Memory& cache() { return *cache_; }
  kv::View view(int number) const { return cache_->view(stream(number)); }
  kv::StreamStats stats(int number) const { return cache_->stats(stream(number)); }
  const FakeRotation& rotation() const { return rotation_; }
  const kv::Shape& shape() const { return cache_->plan().shape; }
  int layers() const { return static_cast<int>(shape().layers.size()); }

  /// Whether nothing was written outside the given bytes.
  bool guards_intact() const {
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const bool inside = i >= offset_ && i < offset_ + static_cast<std::size_t>(bytes_);
      if (!inside && memory_[i] != kGuardByte) return false;
    }
    return true;
  }
  std::span<const std::byte> memory() const {
    return std::span(memory_).subspan(offset_, static_cast<std::size_t>(bytes_));
  }

  /// Begins a chunk and returns its position.
  std::int64_t begin(std::int64_t n, std::span<const std::int32_t> ids = {}) {
    chunk_.reset();
    chunk_.emplace(cache_->begin(n, ids));
    return chunk_->position();
  }
  std::int64_t begin_drafts(std::int64_t n, std::span<const std::int32_t> ids = {}) {
    chunk_.reset();
    chunk_.emplace(cache_->begin_drafts(n, ids));
    return chunk_->position();
  }
  kv::Chunk& chunk() { return *chunk_; }
  void add_attention(int number, std::span<const float> accumulated, std::int64_t queries) {
    chunk_->add_attention(stream(number), accumulated, queries);
  }
  void observe(int number, double statistic) { chunk_->observe(stream(number), statistic); }
  void commit(int number) { chunk_->commit(stream(number)); }
  void end() { chunk_->end(); }
  void abandon() { chunk_.reset(); }

  /// Stages the chunk of n tokens in one layer; `first_token` and `position` are those of its first token.
  void stage(int layer, std::int64_t first_token, std::int64_t position, std::int64_t n) {
    const kv::StreamShape& own = shape().layers[static_cast<std::size_t>(layer)];
    keys_.clear();
    values_.clear();
    for (std::int64_t t = 0; t < n; ++t) {
      for (int head = 0; head < own.kv_heads; ++head) {
        const auto key = fake_vector(layer, head, first_token + t, own.key_size, false);
        const auto value = fake_vector(layer, head, first_token + t, own.value_size, true);
        keys_.insert(keys_.end(), key.begin(), key.end());
        values_.insert(values_.end(), value.begin(), value.end());
      }
    }
    const kv::TokenRows rows = side_by_side(own, keys_.data(), values_.data());
    if (cache_->plan().compares_keys(stream(layer))) {
      chunk_->compare_keys(stream(layer), {rows.keys, rows.key_stride});
    }
    if (cache_->plan().scores_entries(stream(layer))) score(layer, first_token, n);
    for (std::int64_t t = 0; t < n; ++t) {
      for (int head = 0; head < own.kv_heads; ++head) {
        rotation_.rotate(layer, keys_.data() + t * rows.key_stride + head * own.key_size, position + t);
      }
    }
    chunk_->stage(stream(layer), rows);
  }

  /// Gives the chunk's entries in one layer their learned scores.
  void score(int layer, std::int64_t first_token, std::int64_t n) {
    const int heads = shape().layers[static_cast<std::size_t>(layer)].kv_heads;
    std::vector<float> scores;
    for (std::int64_t t = 0; t < n; ++t) {
      for (int head = 0; head < heads; ++head) scores.push_back(fake_score(layer, head, first_token + t));
    }
    chunk_->score(stream(layer), {scores.data(), heads});
  }
  /// Begins a look of n tokens at the newest ones, as many; returns its position.
  std::int64_t begin_look(std::int64_t n) {
    chunk_.reset();
    chunk_.emplace(cache_->begin_look(n, n));
    return chunk_->position();
  }

  /// Processes n tokens as one chunk. `look` (may be empty) is called between stage and commit.
  void read_chunk(std::int64_t n, const std::function<void(int layer)>& look = {}) {
    const std::int64_t first = cache_->tokens();
    ids_.clear();
    for (std::int64_t t = 0; t < n; ++t) ids_.push_back(fake_token(first + t));
    const std::int64_t position = begin(n, ids_);
    for (int layer = 0; layer < layers(); ++layer) {
      stage(layer, first, position, n);
      if (look) look(layer);
      commit(layer);
    }
    end();
  }
  void read(std::int64_t tokens) {
    while (tokens > 0) {
      const std::int64_t n = std::min<std::int64_t>(tokens, cache_->plan().chunk);
      read_chunk(n);
      tokens -= n;
    }
  }

 private:
  static constexpr std::size_t kGuard = 128;
  static constexpr std::byte kGuardByte{0xa5};

  FakeRotation rotation_;
  std::int64_t bytes_;
  std::vector<std::byte> memory_;
  std::size_t offset_ = 0;
  std::unique_ptr<kv::Memory> cache_;
  std::optional<kv::Chunk> chunk_;
  std::vector<float> keys_, values_;
  std::vector<std::int32_t> ids_;
};

/// `count` identical layers.
inline kv::Shape fake_shape(int count, std::int64_t context, kernels::KvTypes types = kernels::KvType::f32,
                            int heads = 2, int size = 16, std::int64_t window = 0) {
  kv::Shape shape;
  shape.layers.assign(static_cast<std::size_t>(count), kv::StreamShape{heads, size, size, window, true});
  shape.context = context;
  shape.store_as(types);
  return shape;
}

inline kernels::KvTypes random_types(Random& random) {
  const auto type = [&] { return static_cast<kernels::KvType>(random.pick(0, kernels::kKvTypeCount - 1)); };
  const kernels::KvType key = type();
  return random.pick(0, 1) == 0 ? kernels::KvTypes(key) : kernels::KvTypes(key, type());
}
/// Stores all layers in the same types, or each layer in its own types.
inline void store_at_random(kv::Shape& shape, Random& random) {
  shape.store_as(random_types(random));
  if (random.pick(0, 1) == 0) return;
  for (kv::StreamShape& layer : shape.layers) layer.types = random_types(random);
}

/// The entries per layer that a split requests, before rounding to granules.
inline std::vector<std::int64_t> entries_of(const kv::Split& split, const std::vector<kv::LayerNeed>& layers,
                                            std::int64_t bytes, const kv::Profile* profile = nullptr,
                                            std::uint64_t seed = 0) {
  std::vector<double> shares(layers.size());
  std::vector<std::int64_t> entries(layers.size());
  split.shares({layers, bytes, profile, seed, {}}, shares);
  kv::share_out(layers, bytes, shares, entries);
  return entries;
}

inline kv::BudgetRequest budget_of(std::int64_t bytes) { return {kv::BudgetRequest::Kind::bytes, bytes, 0}; }
inline kv::BudgetRequest budget_share(double percent) { return {kv::BudgetRequest::Kind::percent, 0, percent}; }
inline kv::BudgetRequest budget_full() { return {kv::BudgetRequest::Kind::full, 0, 0}; }

/// A plan that must succeed, with uniform and window; an empty plan when it does not.
inline kv::Plan plan_of(const kv::Shape& shape, const kv::BudgetRequest& request) {
  Result<kv::Plan> plan = kv::make_plan(shape, request, std::int64_t{1} << 40, &kv::uniform_split(), kv::window_rule());
  return plan ? *plan : kv::Plan{};
}

/// A plan in which every layer keeps `quota` entries (a multiple of 16, below the context), whatever the cost, with the
/// smallest chunks; an empty plan when there is none.
inline kv::Plan plan_with_quota(const kv::Shape& shape, std::int64_t quota) {
  const std::vector<std::int64_t> quotas(shape.layers.size(), quota);
  Result<kv::Plan> plan = kv::plan_of_quotas(shape, quotas, kv::kSmallestChunk, kv::window_rule());
  return plan ? *plan : kv::Plan{};
}

}  // namespace brim::test
