// What `distinct` keeps of an old token through a hundred rebases: its entry, its value, and the key that the token would
// have at the position where it now stands. Under `window` nothing lives that long.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

#include "engine/kv/rebase.hpp"
#include "tests/engine/kv/distinct_plans.hpp"
#include "tests/engine/kv/fake_model.hpp"

namespace needle_test {

using brim::kernels::KvType;
using brim::kv::View;
using brim::test::fake_vector;
using brim::test::FakeModel;

constexpr std::int64_t kNeedle = 20, kRebases = 100, kContext = 128, kQuota = 64, kChunk = 16;
constexpr int kSize = 32, kHeads = 2;

/// Keys of a text that says nearly the same all the time, but for one token whose keys point the other way.
class Text {
 public:
  /// Before the needle eight tokens are unlike the rest too, and later ones, more so, take their places one by one.
  explicit Text(bool crowded) : crowded_(crowded) {}

  std::vector<float> key(int layer, int head, std::int64_t token) const {
    const std::vector<float> usual = fake_vector(layer, head, 1'000'003, kSize, false);
    std::vector<float> other = fake_vector(layer, head, 1'000'033, kSize, false);
    const float along = dot(other, usual) / dot(usual, usual);
    for (std::size_t i = 0; i < other.size(); ++i) other[i] -= along * usual[i];
    const float longer = std::sqrt(dot(usual, usual) / dot(other, other));
    const double angle = angle_of(token);
    const std::vector<float> noise = fake_vector(layer, head, token, kSize, false);
    std::vector<float> key(usual.size());
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = static_cast<float>(std::cos(angle)) * usual[i] + static_cast<float>(std::sin(angle)) * longer * other[i];
      if (token > kNeedle) key[i] += 0.05f * noise[i];
    }
    return key;
  }

 private:
  static float dot(const std::vector<float>& a, const std::vector<float>& b) {
    float sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  }
  double angle_of(std::int64_t token) const {
    if (token == kNeedle) return std::numbers::pi;
    if (crowded_ && token >= 5 && token < kNeedle && token % 2 == 1) return std::numbers::pi / 3;
    const std::int64_t since = token - 200;
    return crowded_ && since >= 0 && since % 128 == 0 && since / 128 < 11 ? std::numbers::pi / 2 : 0;
  }

  bool crowded_;
};

void read_chunk(FakeModel& model, const Text& text) {
  const std::int64_t first = model.cache().tokens(), position = model.begin(kChunk);
  for (int layer = 0; layer < model.layers(); ++layer) {
    std::vector<float> keys, values;
    for (std::int64_t t = first; t < first + kChunk; ++t) {
      for (int head = 0; head < kHeads; ++head) {
        const auto key = text.key(layer, head, t), value = fake_vector(layer, head, t, kSize, true);
        keys.insert(keys.end(), key.begin(), key.end());
        values.insert(values.end(), value.begin(), value.end());
      }
    }
    const brim::kv::StreamId stream = brim::test::stream(layer);
    const auto rows = brim::test::side_by_side(model.shape().at(stream), keys.data(), values.data());
    if (model.cache().plan().compares_keys(stream)) model.chunk().compare_keys(stream, {rows.keys, rows.key_stride});
    for (std::int64_t t = 0; t < kChunk; ++t) {
      for (int head = 0; head < kHeads; ++head) {
        model.rotation().rotate(layer, keys.data() + t * rows.key_stride + head * kSize, position + t);
      }
    }
    model.chunk().stage(stream, rows);
    model.commit(layer);
  }
  model.end();
}

/// Which entry of a layer is the needle's: its value, kept in F32, says so.
std::optional<std::int64_t> needle_of(FakeModel& model, int layer) {
  const View view = model.view(layer);
  const std::vector<float> value = fake_vector(layer, 0, kNeedle, kSize, true);
  for (std::int64_t entry = 0; entry < view.retained(); ++entry) {
    if (brim::test::see_entry(view, model.shape(), layer, 0, entry).value == value) return entry;
  }
  return std::nullopt;
}

/// What is left of the needle in the second layer.
struct Found {
  bool kept = false;
  int moves = 0;       ///< how often it got another position
  float error = 0;     ///< of its keys, the largest
  bool values = true;  ///< unchanged, in both heads
};

Found after_rebases(FakeModel& model, const Text& text) {
  Found found;
  std::int64_t place = kNeedle;
  while (model.cache().rebased() < kRebases) {
    read_chunk(model, text);
    const std::optional<std::int64_t> entry = needle_of(model, 1);
    if (!entry) continue;
    const std::int64_t position = model.view(1).positions()[static_cast<std::size_t>(*entry)];
    found.moves += position != place ? 1 : 0;
    place = position;
  }
  const std::optional<std::int64_t> entry = needle_of(model, 1);
  found.kept = entry.has_value();
  for (int head = 0; head < kHeads && entry; ++head) {
    const auto seen = brim::test::see_entry(model.view(1), model.shape(), 1, head, *entry);
    found.values = found.values && seen.value == fake_vector(1, head, kNeedle, kSize, true);
    std::vector<float> expected = text.key(1, head, kNeedle);
    model.rotation().rotate(1, expected.data(), place);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      found.error = std::max(found.error, std::abs(seen.key[i] - expected[i]));
    }
  }
  return found;
}

brim::kv::Shape shape_in(KvType type) {
  return brim::test::fake_shape(2, kContext, {type, KvType::f32}, kHeads, kSize);
}

Found with_distinct(KvType type, bool crowded) {
  FakeModel model(brim::test::distinct_with_quota(shape_in(type), kQuota, kChunk));
  REQUIRE(model.ok());
  const Found found = after_rebases(model, Text(crowded));
  CHECK(model.cache().rebased() == kRebases);
  CHECK(model.cache().tokens() > 6000);
  CHECK(model.guards_intact());
  return found;
}

TEST_CASE("a needle that stands behind the sinks is there after a hundred rebases, in every type") {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::q8_0, KvType::q5_0, KvType::q4_0}) {
    CAPTURE(static_cast<int>(type));
    const Found found = with_distinct(type, false);
    REQUIRE(found.kept);
    CHECK(found.moves == 1);  // to its place behind the sinks
    CHECK(found.values);
    CHECK(found.error < (type == KvType::f32    ? 1e-5f
                         : type == KvType::f16  ? 2e-3f
                         : type == KvType::q8_0 ? 0.03f
                         : type == KvType::q5_0 ? 0.25f
                                                : 0.5f));
  }
}

TEST_CASE("a needle that moves on as others before it are evicted stays in types of 8 bits and more") {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::q8_0}) {
    CAPTURE(static_cast<int>(type));
    const Found found = with_distinct(type, true);
    REQUIRE(found.kept);
    CHECK(found.moves >= 8);
    CHECK(found.values);
    CHECK(found.error < (type == KvType::f32 ? 1e-5f : type == KvType::f16 ? 8e-3f : 0.08f));
  }
}

TEST_CASE("below 8 bits a needle moves at most as often as its key may be packed again") {
  for (const KvType type : {KvType::q5_0, KvType::q4_0}) {
    CAPTURE(static_cast<int>(type));
    const Found found = with_distinct(type, true);
    CHECK(found.moves > 1);
    CHECK(found.moves <= brim::kv::kMaxRepacked);
    CHECK((found.kept || found.moves == brim::kv::kMaxRepacked));
  }
}

TEST_CASE("under window a needle is gone before the first rebase") {
  const std::vector<std::int64_t> quotas(2, kQuota);
  const auto plan =
      brim::kv::plan_of_quotas(shape_in(KvType::f16), quotas, static_cast<int>(kChunk), brim::kv::window_rule());
  REQUIRE(plan);
  FakeModel model(*plan);
  const Text text(false);
  while (model.cache().tokens() < kContext) read_chunk(model, text);
  CHECK(model.cache().rebased() == 0);
  CHECK_FALSE(needle_of(model, 1));
}

}  // namespace needle_test
