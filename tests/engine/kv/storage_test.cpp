// Splits that choose how each layer is stored: curves and their hulls, how `joint` uses them, and that its plans keep
// every promise of a plan.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/kv/budgets/curves.hpp"
#include "engine/kv/layout.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kernels::KvTypes;
using brim::kv::CurvePoint;
using brim::kv::Plan;
using brim::kv::Profile;
using brim::kv::Shape;
using brim::kv::StreamShape;
using brim::test::make_plan;

namespace {

constexpr std::int64_t kPlenty = std::int64_t{1} << 50;
using Losses = std::array<double, brim::kv::kProfileFractions.size()>;

/// Loses c · (1/r − 1) by pruning entries, and `bits` by the type alone.
Losses losses(double c, double bits) {
  Losses loss{};
  for (std::size_t i = 0; i < loss.size(); ++i) loss[i] = bits + c * (1 / brim::kv::kProfileFractions[i] - 1);
  return loss;
}

/// Layers that lose sensitivity[i] with entries and bits[i] · {1, 8} in q8_0 and q4_0.
Profile profile_of(const std::vector<double>& sensitivity, const std::vector<double>& bits) {
  Profile profile;
  profile.others = {{KvType::q8_0, {}}, {KvType::q4_0, {}}};
  for (std::size_t i = 0; i < sensitivity.size(); ++i) {
    profile.layers.emplace_back().loss = losses(sensitivity[i], 0);
    profile.others[0].loss.push_back(losses(sensitivity[i], bits[i]));
    profile.others[1].loss.push_back(losses(sensitivity[i], 8 * bits[i]));
  }
  return profile;
}

/// What the plan loses according to the profile, layer by layer.
double expected_loss(const Plan& plan, const Profile& profile) {
  double sum = 0;
  for (std::size_t i = 0; i < plan.quota.size(); ++i) {
    brim::kv::LayerProfile layer = profile.layers[i];
    for (const auto& other : profile.others) {
      if (other.types == plan.shape.layers[i].types) layer.loss = other.loss[i];
    }
    const auto useful = static_cast<double>(brim::kv::useful_entries(plan.shape.layers[i], plan.shape.context));
    sum += brim::kv::loss_at(brim::kv::curve_of(layer), static_cast<double>(plan.quota[i]) / useful);
  }
  return sum;
}

void check_promises(const Plan& plan, const Shape& asked, const Profile& profile) {
  CHECK(plan.pool_bytes + plan.metadata_bytes + plan.staging_bytes <= plan.budget_bytes);
  CHECK(plan.budget_bytes <= plan.full_bytes);
  for (std::size_t i = 0; i < plan.quota.size(); ++i) {
    const StreamShape& layer = plan.shape.layers[i];
    CHECK(brim::kv::data_bytes(layer) <= brim::kv::data_bytes(asked.layers[i]));
    CHECK(plan.quota[i] >= std::min<std::int64_t>(16, brim::kv::useful_entries(layer, plan.shape.context)));
    CHECK(plan.quota[i] <= brim::kv::useful_entries(layer, plan.shape.context));
    const bool measured =
        layer.types == profile.types || std::any_of(profile.others.begin(), profile.others.end(),
                                                    [&](const auto& other) { return other.types == layer.types; });
    CHECK(measured);
  }
}

}  // namespace

TEST_CASE("hulls lie below all their points and bend one way; curves never rise with what is kept") {
  Random random(3);
  for (int round = 0; round < 500; ++round) {
    brim::kv::LayerProfile layer;
    for (double& loss : layer.loss) loss = random.unit();
    const std::vector<CurvePoint> curve = brim::kv::curve_of(layer);
    REQUIRE(curve.size() == layer.loss.size() + 1);
    for (std::size_t i = 1; i < curve.size(); ++i) {
      REQUIRE(curve[i].kept > curve[i - 1].kept);
      REQUIRE(curve[i].loss <= curve[i - 1].loss);
    }
    std::vector<CurvePoint> points;
    for (int i = 0; i < 12; ++i) points.push_back({std::abs(random.unit()), random.unit()});
    points.push_back(points.front());
    const std::vector<CurvePoint> hull = brim::kv::lower_hull(points);
    for (const CurvePoint& point : points) REQUIRE(brim::kv::loss_at(hull, point.kept) <= point.loss + 1e-12);
    for (std::size_t i = 2; i < hull.size(); ++i) {
      const auto slope = [&](std::size_t at) {
        return (hull[at].loss - hull[at - 1].loss) / (hull[at].kept - hull[at - 1].kept);
      };
      REQUIRE(slope(i - 1) < slope(i));
      REQUIRE(slope(i) < 0);
    }
  }
}

TEST_CASE("joint: bits go where bits matter, and entries where these do") {
  const Shape shape = fake_shape(4, 2048, KvType::f16, 2, 64);
  // Layer 0 loses only by fewer entries, layer 1 only by fewer bits, layer 2 by neither, layer 3 by both.
  const Profile profile = profile_of({1, 1e-5, 1e-5, 1}, {1e-5, 1, 1e-5, 1});
  const auto plan = make_plan(shape, budget_share(35), kPlenty, "joint", "window", {&profile, 0});
  REQUIRE(plan.ok());
  check_promises(*plan, shape, profile);
  CHECK(plan->shape.layers[0].types == KvTypes(KvType::q4_0));
  CHECK(plan->shape.layers[1].types == KvTypes(KvType::f16));
  CHECK(plan->shape.layers[3].types != KvTypes(KvType::q4_0));
  CHECK(plan->quota[0] > 3 * plan->quota[1]);
  CHECK(brim::kv::stored_as(plan->shape) == "mixed");
}

TEST_CASE("joint: every plan keeps its promises, its caches too, and expects to lose less than any one type does") {
  Random random(17);
  double joint = 0, best = 0;
  int compared = 0, mixed = 0;
  for (int round = 0; round < 150; ++round) {
    Shape shape;
    shape.context = random.pick(200, 3000);
    std::vector<double> sensitivity, bits;
    for (std::int64_t n = random.pick(2, 6); n > 0; --n) {
      shape.layers.push_back({static_cast<int>(random.pick(1, 3)), static_cast<int>(random.pick(1, 6)) * 16,
                              static_cast<int>(random.pick(1, 6)) * 16,
                              random.pick(0, 5) == 0 ? random.pick(30, 900) : 0, true, KvType::f16});
      sensitivity.push_back(std::pow(10, 3 * random.unit() - 2));
      bits.push_back(std::pow(10, 3 * random.unit() - 2));
    }
    const Profile profile = profile_of(sensitivity, bits);
    const double share = static_cast<double>(random.pick(8, 80));
    const auto plan = make_plan(shape, budget_share(share), kPlenty, "joint", "window", {&profile, 0});
    if (!plan) continue;
    check_promises(*plan, shape, profile);
    mixed += brim::kv::stored_as(plan->shape) == "mixed";
    // The same bytes in one type, split by depth along that type's curves.
    double min = std::numeric_limits<double>::infinity();
    for (const KvType type : {KvType::f16, KvType::q8_0, KvType::q4_0}) {
      Shape stored = shape;
      stored.store_as(type);
      Profile own = profile;
      for (const auto& other : profile.others) {
        for (std::size_t i = 0; other.types == KvTypes(type) && i < own.layers.size(); ++i)
          own.layers[i].loss = other.loss[i];
      }
      const auto one = make_plan(stored, budget_of(plan->budget_bytes), kPlenty, "depth", "window", {&own, 0});
      if (one) min = std::min(min, expected_loss(*one, profile));
    }
    joint += expected_loss(*plan, profile);
    best += min;
    ++compared;
    if (round % 10 != 0) continue;
    FakeModel model(*plan);
    REQUIRE(model.ok());
    model.read(plan->chunk * 5);
    CHECK(model.cache().bytes_peak() <= plan->budget_bytes);
    CHECK(model.guards_intact());
  }
  CHECK(compared > 100);
  CHECK(mixed > 60);
  CHECK(joint < 0.95 * best);
}

TEST_CASE("joint: where everything fits nothing is stored in fewer bits than was asked for") {
  const Shape shape = fake_shape(3, 512, KvType::f16, 2, 32);
  const Profile profile = profile_of({1, 1, 1}, {-1, -1, -1});  // as if fewer bits were better
  for (const auto& request : {budget_full(), budget_share(100)}) {
    const auto plan = make_plan(shape, request, kPlenty, "joint", "window", {&profile, 0});
    const auto whole = make_plan(shape, budget_full(), kPlenty, "uniform", "window");
    REQUIRE((plan.ok() && whole.ok()));
    CHECK(plan->quota == whole->quota);
    CHECK(plan->budget_bytes == whole->budget_bytes);
    CHECK(plan->chunk == whole->chunk);
    CHECK(brim::kv::stored_as(plan->shape) == "f16");
  }
}

TEST_CASE("joint is refused without two measured types that are not larger than asked for") {
  const Shape shape = fake_shape(2, 512, KvType::f16, 2, 32);
  Profile profile = profile_of({1, 1}, {1, 1});
  const auto refused = [](const Shape& of, const Profile& by) {
    const auto plan = make_plan(of, budget_share(50), kPlenty, "joint", "window", {&by, 0});
    REQUIRE(!plan.ok());
    CHECK(plan.error().code == brim::ErrorCode::invalid_argument);
    CHECK(plan.error().sentence.find("--kv-types") != std::string::npos);
  };
  Shape small = shape;
  small.store_as(KvType::q4_0);
  refused(small, profile);
  profile.others.clear();
  refused(shape, profile);
}
