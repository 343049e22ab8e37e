// The cache's part of a saved session, with contents that no cache has written.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/base/state.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Plan;

namespace {

std::vector<std::byte> saved(const brim::kv::Memory& cache) {
  brim::StateWriter state;
  cache.save(state);
  std::vector<std::byte> bytes;
  for (const auto part : state.parts()) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

brim::Status restore(brim::kv::Memory& cache, const std::vector<std::byte>& bytes) {
  brim::StateReader state("a state", {bytes});
  return cache.restore(state);
}

/// The place where these numbers are stored one after another.
std::size_t place_of(const std::vector<std::byte>& bytes, const std::array<std::int64_t, 4>& numbers) {
  for (std::size_t at = 0; at + sizeof numbers <= bytes.size(); at += 8) {
    if (std::memcmp(bytes.data() + at, numbers.data(), sizeof numbers) == 0) return at;
  }
  return bytes.size();
}

}  // namespace

TEST_CASE("a next position that tokens cannot have come to is refused: going back would end before the first") {
  const Plan plan = plan_of(fake_shape(2, 400, KvType::f16), budget_full());
  FakeModel model(plan), other(plan);
  model.read(300);
  std::vector<std::byte> bytes = saved(model.cache());
  REQUIRE(restore(other.cache(), bytes));
  const std::size_t place = place_of(bytes, {300, 300, 0, 0});  // tokens, next position, times rebased, tokens then
  REQUIRE(place < bytes.size());
  const std::int64_t position = 299;
  std::memcpy(bytes.data() + place + 8, &position, sizeof position);
  const brim::Status status = restore(other.cache(), bytes);
  REQUIRE(!status);
  CHECK(status.error().sentence.find("next position: expected at least 300, found 299") != std::string::npos);
  CHECK(other.cache().tokens() == 0);
}

TEST_CASE("most bytes in use are not what a refused state says") {
  const Plan plan = plan_of(fake_shape(2, 400, KvType::f16), budget_full());
  FakeModel model(plan);
  model.read(300);
  std::vector<std::byte> bytes = saved(model.cache());
  const std::size_t place = place_of(bytes, {300, 300, 0, 0});
  REQUIRE(place < bytes.size());
  std::memset(bytes.data() + place + 32, 0, 8);
  bytes.resize(bytes.size() - 8);  // refused from here on
  const std::int64_t peak = model.cache().bytes_peak();
  REQUIRE(!restore(model.cache(), bytes));
  CHECK(model.cache().bytes_peak() == peak);
}

TEST_CASE("a cache whose positions were rebased is restored, with how often its keys were packed again") {
  for (const KvType type : {KvType::f16, KvType::q4_0}) {
    const Plan plan = plan_of(fake_shape(2, 128, type), budget_full());
    FakeModel model(plan), other(plan);
    for (int chunk = 0; chunk < 9; ++chunk) {
      model.read(31);
      const std::vector<std::byte> bytes = saved(model.cache());
      REQUIRE(restore(other.cache(), bytes));
      CHECK(saved(other.cache()) == bytes);
    }
    CHECK(model.cache().rebased() > 1);
    // What follows depends on the counts.
    std::int64_t evicted = 0;
    while (model.cache().tokens() < 600) {
      model.read_chunk(1);
      other.read_chunk(1);
      REQUIRE(saved(other.cache()) == saved(model.cache()));
      evicted = model.cache().evicted();
    }
    CHECK(evicted > 0);
  }
}

TEST_CASE("a key that was packed again more often than any key is refused") {
  const Plan plan = plan_of(fake_shape(1, 128, KvType::q4_0), budget_full());
  FakeModel model(plan), other(plan);
  while (model.cache().rebased() < 3) model.read_chunk(1);
  const std::vector<std::byte> bytes = saved(model.cache());
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::vector<std::byte> altered = bytes;
    altered[at] = std::byte{5};
    const brim::Status status = restore(other.cache(), altered);
    if (!status &&
        status.error().sentence.find("counts of packing: expected at most 4, found 5") != std::string::npos) {
      ++refused;
    }
  }
  CHECK(refused == model.cache().stats(stream(0)).used);
}

TEST_CASE("an entry whose key was packed again four times is evicted before any other, whatever its score") {
  const brim::test::OldestRule rule;
  Plan plan = plan_with_quota(fake_shape(1, 512, KvType::q4_0), 64);
  REQUIRE(!plan.quota.empty());
  plan.rule = &rule;
  FakeModel model(plan);
  model.read(60);
  std::vector<std::byte> bytes = saved(model.cache());
  // The counts, all 0 so far: the last piece of 60 bytes.
  std::size_t at = bytes.size() / 8 * 8;
  std::int64_t size = 0;
  while (size != 60 && at >= 8) std::memcpy(&size, bytes.data() + (at -= 8), sizeof size);
  REQUIRE(size == 60);
  const auto kept = [&](bool worn) {
    std::vector<std::byte> state = bytes;
    for (const std::size_t entry : {10, 20})
      state[at + 8 + entry] = std::byte{worn ? std::uint8_t{4} : std::uint8_t{0}};
    FakeModel other(plan);
    REQUIRE(restore(other.cache(), state));
    while (other.cache().evicted() == 0) other.read_chunk(1);
    const auto positions = other.cache().view(stream(0)).positions();
    return std::vector<std::int64_t>(positions.begin(), positions.end());
  };
  const auto holds = [](const std::vector<std::int64_t>& positions, std::int64_t position) {
    return std::find(positions.begin(), positions.end(), position) != positions.end();
  };
  const std::vector<std::int64_t> fresh = kept(false), worn = kept(true);
  for (const std::int64_t position : {9, 10, 11, 19, 20, 21}) CHECK(holds(fresh, position));
  for (const std::int64_t position : {9, 11, 19, 21}) CHECK(holds(worn, position));
  for (const std::int64_t position : {10, 20}) CHECK(!holds(worn, position));
}

TEST_CASE("keys and values that an earlier version stored unrotated are refused, f16 is not") {
  const auto text_of = [](KvType type) {
    const Plan plan = plan_of(fake_shape(1, 64, type), budget_full());
    FakeModel model(plan);
    model.read(20);
    const std::vector<std::byte> bytes = saved(model.cache());
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  CHECK(text_of(KvType::f16).find("rotated") == std::string::npos);
  std::string text = text_of(KvType::q8_0);
  const std::size_t at = text.find("q8_0 rotated");
  REQUIRE(at != std::string::npos);
  // What was written before: the type alone, its size in the word before it.
  std::string earlier = text.substr(0, at - 8) + std::string("\4\0\0\0\0\0\0\0q8_0\0\0\0\0", 16);
  earlier += text.substr(at + 16);
  const auto bytes = std::as_bytes(std::span(earlier));
  FakeModel other(plan_of(fake_shape(1, 64, KvType::q8_0), budget_full()));
  const brim::Status status = restore(other.cache(), {bytes.begin(), bytes.end()});
  REQUIRE(!status);
  CHECK(status.error().sentence.find("storage: expected 'q8_0 rotated', found 'q8_0'") != std::string::npos);
}

TEST_CASE("a refused state leaves an empty cache that reads, is saved and is restored") {
  brim::kv::Shape shape = fake_shape(2, 200, KvType::f16);
  const auto plan = brim::test::make_plan(shape, budget_share(60), std::int64_t{1} << 40, "cake", "dynsplit");
  REQUIRE(plan);
  FakeModel model(*plan), other(*plan), third(*plan);
  model.read(180);
  const std::vector<std::byte> bytes = saved(model.cache());
  int refused = 0;
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += at < 4096 ? 8 : 8 * 37) {
    std::vector<std::byte> altered = bytes;
    const std::int32_t wrong[2] = {-173, -173};
    std::memcpy(altered.data() + at, wrong, sizeof wrong);
    if (restore(other.cache(), altered)) continue;
    ++refused;
    REQUIRE(other.cache().bytes_used() <= other.cache().bytes_peak());
    if (other.cache().tokens() == 0) other.read(40);
    const std::vector<std::byte> again = saved(other.cache());
    REQUIRE(restore(third.cache(), again));
    REQUIRE(saved(third.cache()) == again);
  }
  CHECK(refused > 100);
}
