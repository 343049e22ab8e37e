// The splits of the list: how much each gives to which layer, and that shares become entries within every bound.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/kv/profile.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"

using brim::kv::kWhole;
using brim::kv::LayerNeed;
using brim::kv::Profile;
using brim::test::entries_of;
using brim::test::split_named;

namespace {

const char* const kAll[] = {"uniform",          "depth",        "depth-mga", "depth-mlp",   "depth-mlma-2",
                            "depth-mlma-4",     "depth-mlma-6", "zigzag",    "zigzag-lmbo", "pyramid",
                            "inverted-pyramid", "cake",         "squeeze",   "shuffled",    "joint"};

/// Layers that lose c · (1/r − 1) when only the fraction r of their entries is kept.
Profile profile_of(const std::vector<double>& sensitivity) {
  Profile profile;
  for (const double c : sensitivity) {
    brim::kv::LayerProfile layer;
    for (std::size_t i = 0; i < layer.loss.size(); ++i) layer.loss[i] = c * (1 / brim::kv::kProfileFractions[i] - 1);
    layer.prunable = 1 / c;
    profile.layers.push_back(layer);
  }
  return profile;
}

std::vector<LayerNeed> alike(std::size_t count, std::int64_t cap = 1024) {
  return {count, LayerNeed{16, cap, 10, cap}};
}

}  // namespace

TEST_CASE("every split of the list: within floors, caps and bytes, and nearly all of them spent") {
  brim::test::Random random(11);
  for (int round = 0; round < 400; ++round) {
    std::vector<LayerNeed> layers;
    std::vector<double> sensitivity;
    std::int64_t floors = 0, all = 0, largest = 0;
    for (std::int64_t n = random.pick(1, 12); n > 0; --n) {
      const std::int64_t cap = 16 * random.pick(1, 100);
      layers.push_back({16, cap, random.pick(1, 3000), cap});
      floors += 16 * layers.back().entry_bytes;
      all += cap * layers.back().entry_bytes;
      largest += layers.back().entry_bytes;
      sensitivity.push_back(std::abs(random.unit()) + 0.001);
    }
    const Profile profile = profile_of(sensitivity);
    const std::int64_t bytes = random.pick(floors, all + 100);
    for (const char* name : kAll) {
      REQUIRE(split_named(name) != nullptr);
      const auto entries = entries_of(*split_named(name), layers, bytes, &profile, 5);
      std::int64_t spent = 0;
      bool all_capped = true;
      for (std::size_t i = 0; i < layers.size(); ++i) {
        CHECK((entries[i] >= layers[i].floor && entries[i] <= layers[i].cap));
        spent += entries[i] * layers[i].entry_bytes;
        all_capped = all_capped && entries[i] == layers[i].cap;
      }
      CHECK(spent <= bytes);
      CHECK_MESSAGE((all_capped || spent + largest > bytes), name);
    }
  }
}

TEST_CASE("shares that are not numbers, or nothing, do no harm") {
  const auto layers = alike(4);
  std::vector<std::int64_t> entries(4);
  const std::vector<double> odd = {std::nan(""), -5, 0, 1};
  brim::kv::share_out(layers, 4 * 10 * 100, odd, entries);
  CHECK(entries == std::vector<std::int64_t>{16, 16, 16, 352});
  const std::vector<double> nothing(4, 0.0);
  brim::kv::share_out(layers, 4 * 10 * 100, nothing, entries);
  CHECK(entries == std::vector<std::int64_t>(4, 100));
  const std::vector<double> extremes = {1e-300, 1e300, 1, std::numeric_limits<double>::max()};
  brim::kv::share_out(layers, 4 * 10 * 100, extremes, entries);
  CHECK(std::accumulate(entries.begin(), entries.end(), std::int64_t{0}) == 400);
}

TEST_CASE("whole layers come first; where even they cannot be whole, they share beside the others' floors") {
  const auto layers = alike(4);
  std::vector<std::int64_t> entries(4);
  const std::vector<double> shares = {kWhole, 1, 3, 1};
  brim::kv::share_out(layers, 10 * (1024 + 500), shares, entries);
  CHECK(entries == std::vector<std::int64_t>{1024, 100, 300, 100});
  brim::kv::share_out(layers, 10 * 200, shares, entries);
  CHECK(entries == std::vector<std::int64_t>{152, 16, 16, 16});
}

TEST_CASE("pyramid falls on a straight line, inverted rises, both with uniform's sum") {
  const auto layers = alike(9, 100000);
  const auto down = entries_of(*split_named("pyramid"), layers, 9 * 10 * 1000);
  const auto up = entries_of(*split_named("inverted-pyramid"), layers, 9 * 10 * 1000);
  const std::int64_t sum = std::accumulate(down.begin(), down.end(), std::int64_t{0});
  CHECK((sum <= 9000 && sum > 8990));
  // (1000 − 32) / 20 + 32 for the last layer; the first is as far above the middle as the last is below.
  CHECK(std::abs(down.back() - 80) <= 1);
  CHECK(std::abs(down[4] - 1000) <= 1);
  CHECK(std::abs(down.front() - 1919) <= 1);
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(up[i] == down[8 - i]);
    if (i > 0) CHECK(std::abs((down[i - 1] - down[i]) - (down[0] - down[8]) / 8) <= 2);
  }
}

TEST_CASE("depth: bytes go to the layers that lose most, marginally alike where curves are alike") {
  const auto layers = alike(4);
  const Profile profile = profile_of({0.01, 0.16, 0.01, 0.04});
  const auto entries = entries_of(*split_named("depth"), layers, 4 * 10 * 256, &profile);
  CHECK(entries[1] > entries[3]);
  CHECK(entries[3] > entries[0]);
  // By the profile itself, no other split between breakpoints of the curves loses less.
  const auto loss = [&](const std::vector<std::int64_t>& given) {
    double sum = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const double c = profile.layers[i].loss[1];  // r = 1/2: c · 1
      sum += c * (1024.0 / static_cast<double>(given[i]) - 1);
    }
    return sum;
  };
  CHECK(loss(entries) < loss(std::vector<std::int64_t>(4, 256)));
  const auto shuffled = entries_of(*split_named("shuffled"), layers, 4 * 10 * 256, &profile, 3);
  auto a = entries, b = shuffled;
  CHECK(a != b);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  CHECK(a == b);
  CHECK(shuffled == entries_of(*split_named("shuffled"), layers, 4 * 10 * 256, &profile, 3));

  const Profile flat = profile_of({0, 0, 0, 0});
  CHECK(entries_of(*split_named("depth"), layers, 4 * 10 * 100, &flat) == std::vector<std::int64_t>(4, 100));
  Profile noise = flat;
  for (auto& layer : noise.layers) layer.loss = {0, -0.1, -0.2, -0.1, -0.05};
  CHECK(entries_of(*split_named("depth"), layers, 4 * 10 * 100, &noise) == std::vector<std::int64_t>(4, 100));
}

TEST_CASE("depth modes: ratios in proportion, clipped at .7, protected layers whole") {
  const auto layers = alike(8, 1000);
  Profile profile = profile_of(std::vector<double>(8, 1.0));
  const auto mlp = entries_of(*split_named("depth-mlp"), layers, 8 * 10 * 600);
  CHECK((mlp[0] == 1000 && mlp[3] == 1000 && mlp[4] == 1000));
  CHECK(mlp[1] == (4800 - 3000) / 5);
  CHECK((mlp[1] == mlp[2] && mlp[2] == mlp[5] && mlp[5] == mlp[7]));

  // Half is pruned: Σρ = 4 over seven layers. Layer 1, ten times as prunable, is clipped at .7; the six others share 3.3.
  profile.layers[1].prunable = 10;
  const auto mga = entries_of(*split_named("depth-mga"), layers, 8 * 10 * 500, &profile);
  CHECK(mga[0] == 1000);
  CHECK(std::abs(mga[1] - 300) <= 1);
  for (std::size_t i = 2; i < 8; ++i) CHECK(std::abs(mga[i] - 450) <= 1);

  // More than .7 of seven layers must be pruned: the cap rises, the same for all.
  const auto max = entries_of(*split_named("depth-mga"), layers, 8 * 10 * 200, &profile);
  CHECK(max[0] == 1000);
  for (std::size_t i = 1; i < 8; ++i) CHECK(std::abs(max[i] - 85) <= 1);

  const auto four = entries_of(*split_named("depth-mlma-4"), layers, 8 * 10 * 850, &profile);
  for (const std::size_t i : {0, 2, 3, 4, 5}) CHECK(four[i] == 1000);
  CHECK(std::abs(four[1] - 300) <= 1);
  CHECK(std::abs(four[6] - 750) <= 1);
}

TEST_CASE("online splits follow what was seen") {
  const auto layers = alike(4);
  std::vector<double> shares(4);
  const std::vector<double> seen = {0.1, 0.2, 0.3, 0.2};
  const auto ask = [&](const char* name, const std::vector<double>& values) {
    split_named(name)->shares({layers, 4 * 10 * 100, nullptr, 0, values}, shares);
    return shares;
  };
  for (const char* name : {"zigzag", "zigzag-lmbo", "cake", "squeeze"}) {
    CHECK(split_named(name)->needs().statistic != brim::kv::LayerStatistic::none);
    CHECK(ask(name, {}) == std::vector<double>(4, 1.0));
  }
  // B_bound + (B_avg − B_bound) · L · u with u = 1/8, 1/4, 3/8, 1/4.
  const auto zigzag = ask("zigzag", seen);
  CHECK(zigzag[0] == doctest::Approx(0.2 + 0.8 * 4 * 0.125));
  CHECK(zigzag[2] == doctest::Approx(0.2 + 0.8 * 4 * 0.375));
  CHECK(ask("zigzag", {0, 0, 0, 0}) == std::vector<double>(4, 1.0));
  CHECK(ask("cake", seen) == seen);
  // The layers that are most alike (.99, .98) are reduced to .35; the two others get the freed entries.
  const auto squeezed = ask("squeeze", {0.7, 0.99, 0.8, 0.98});
  CHECK(squeezed[1] == doctest::Approx(0.35));
  CHECK(squeezed[3] == doctest::Approx(0.35));
  CHECK(squeezed[0] == doctest::Approx(1.65));
  CHECK(squeezed[2] == doctest::Approx(1.65));
}

TEST_CASE("splits by measurements are refused without a profile of this model") {
  const auto shape = brim::test::fake_shape(3, 256);
  for (const char* name : {"depth", "depth-mga", "depth-mlma-2", "depth-mlma-4", "depth-mlma-6", "shuffled"}) {
    const auto none = brim::test::make_plan(shape, brim::test::budget_share(50), 1 << 30, name, "window");
    REQUIRE(!none.ok());
    CHECK(none.error().code == brim::ErrorCode::invalid_argument);
    CHECK(none.error().sentence.find("brim calibrate") != std::string::npos);
    const Profile other = profile_of({1, 2});
    CHECK(!brim::test::make_plan(shape, brim::test::budget_share(50), 1 << 30, name, "window", {&other, 0}).ok());
    const Profile own = profile_of({1, 2, 3});
    CHECK(brim::test::make_plan(shape, brim::test::budget_share(50), 1 << 30, name, "window", {&own, 0}).ok());
  }
}
