// What calibration and the KV suite compute in addition to running a model: intervals, ranks, permutations, the proxy,
// the list of arms, and the file that lets a stopped calibration continue.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "apps/calibrate/conclusions.hpp"
#include "apps/calibrate/plan_check.hpp"
#include "apps/calibrate/progress_file.hpp"
#include "apps/chat/layer_lines.hpp"
#include "apps/commands.hpp"
#include "engine/base/splitmix64.hpp"
#include "research/kv_suite/arms.hpp"
#include "research/kv_suite/comparisons.hpp"
#include "research/kv_suite/intervals.hpp"
#include "research/policies.hpp"

using namespace brim::apps;

namespace {

/// A random number in [−1, 1).
double noise(std::uint64_t& state) { return static_cast<double>(brim::splitmix64(state) >> 11) * 0x1p-52 - 1; }

Positions noisy(double mean, std::size_t windows, std::size_t positions, std::uint64_t seed) {
  Positions values(windows);
  for (std::vector<double>& window : values) {
    for (std::size_t i = 0; i < positions; ++i) window.push_back(mean + noise(seed));
  }
  return values;
}

}  // namespace

TEST_CASE("an interval holds the mean, is as wide as the noise, and is the same every time") {
  const Positions values = noisy(5, 8, 128, 1);
  const Interval interval = bootstrap(values);
  CHECK(interval.low < mean_of(values));
  CHECK(mean_of(values) < interval.high);
  // 1024 independent numbers with a deviation of 1/√3: ± 0.035.
  CHECK(interval.high - interval.low > 0.04);
  CHECK(interval.high - interval.low < 0.12);
  CHECK(bootstrap(values).low == interval.low);
  const Interval exact = bootstrap(Positions(3, std::vector<double>(40, 2.0)));
  CHECK((exact.low == 2.0 && exact.high == 2.0));
  // The windows differ as wholes, so their positions are not independent evidence.
  Positions uneven = noisy(0, 8, 128, 2);
  for (std::size_t w = 0; w < uneven.size(); ++w) {
    for (double& value : uneven[w]) value += static_cast<double>(w);
  }
  const Interval wide = bootstrap(uneven);
  CHECK(wide.high - wide.low > 2);
}

TEST_CASE("texts are drawn as wholes: two that differ leave a wide interval, however many windows they have") {
  Positions values = noisy(0, 16, 64, 5);
  std::vector<std::size_t> texts(16, 0);
  for (std::size_t w = 8; w < 16; ++w) {
    texts[w] = 1;
    for (double& value : values[w]) value += 1;
  }
  const Interval pooled = bootstrap(values), by_text = bootstrap(values, texts);
  CHECK(pooled.high - pooled.low < 0.7);
  CHECK(by_text.low < 0.1);
  CHECK(by_text.high > 0.9);
  CHECK(bootstrap(values, std::vector<std::size_t>(16, 3)).low == pooled.low);
  CHECK(resampled_means({}).empty());
}

TEST_CASE("a p is small where the means are clear of 0, and Holm corrects for how many are asked") {
  CHECK(p_of_zero(resampled_means(noisy(0.5, 8, 64, 6))) < 0.002);
  CHECK(p_of_zero(resampled_means(noisy(-0.5, 8, 64, 6))) < 0.002);
  CHECK(p_of_zero(resampled_means(noisy(0, 8, 64, 6))) > 0.05);
  CHECK(p_of_zero({}) == 1);
  const std::vector<double> p{0.04, 0.01, 0.03, 0.5}, adjusted = holm(p);
  // By hand: .01 · 4, .03 · 3, max(.04 · 2, .09), .5.
  CHECK(adjusted[1] == doctest::Approx(0.04));
  CHECK(adjusted[2] == doctest::Approx(0.09));
  CHECK(adjusted[0] == doctest::Approx(0.09));
  CHECK(adjusted[3] == doctest::Approx(0.5));
  CHECK(holm(std::vector<double>{0.9, 0.8})[0] == 1);
}

TEST_CASE("comparisons: the best arm of equal quotas is the baseline, and named ones get a p") {
  const auto arms = all_arms(brim::research::all_policies(), brim::kv::window_rule(), brim::kernels::KvType::f16, 2);
  std::vector<Outcome> outcomes;
  const auto measured = [&](const char* name, double kl, double recall) {
    Outcome outcome;
    outcome.arm = *std::find_if(arms.begin(), arms.end(), [&](const Arm& arm) { return arm.name == name; });
    outcome.ratio = 0.25;
    outcome.kl = outcome.nll_increase = noisy(kl, 6, 32, 7);
    outcome.recall = noisy(recall, 6, 8, 8);
    outcome.window_texts = outcome.document_texts = std::vector<std::size_t>(6, 0);
    outcome.footprint = name;
    outcomes.push_back(std::move(outcome));
  };
  measured("uniform", 3, 0.2);
  measured("q8_0", 2, 0.3);
  measured("snapkv", 4, 0.6);
  measured("uniform-heads", 0.5, 0.9);
  measured("depth", 1, 0.8);
  CHECK(best_equal(outcomes, 0.25, "kl")->arm.name == "q8_0");
  CHECK(best_equal(outcomes, 0.25, "recall")->arm.name == "snapkv");
  CHECK(best_equal(outcomes, 0.5, "kl") == nullptr);
  const auto paired = compare(outcomes);
  const auto pair = [&](const char* a, const char* b, const char* metric) {
    return std::find_if(paired.begin(), paired.end(),
                        [&](const Comparison& one) { return one.a == a && one.b == b && one.metric == metric; });
  };
  REQUIRE(pair("depth", "q8_0", "kl") != paired.end());
  CHECK(pair("depth", "q8_0", "kl")->difference == doctest::Approx(-1));
  REQUIRE(pair("depth", "snapkv", "recall") != paired.end());
  CHECK(pair("depth", "snapkv", "recall")->difference == doctest::Approx(0.2));
  CHECK(pair("depth", "snapkv", "kl") == paired.end());
  const auto named = compare_named(outcomes, {{"depth", "snapkv"}, {"snapkv", "depth"}});
  REQUIRE(named.size() == 4);
  for (const Comparison& one : named) {
    CHECK(one.p.value() < 0.01);
    CHECK((one.difference < 0) == ((one.a == "depth") == (one.metric == "kl")));
  }
}

TEST_CASE("differences are taken position by position: what both share cancels out") {
  Positions a = noisy(0, 4, 64, 3), b = a;
  for (std::vector<double>& window : b) {
    for (double& value : window) value += 0.25;
  }
  const Positions gap = differences(a, b);
  CHECK(mean_of(gap) == doctest::Approx(-0.25));
  CHECK(bootstrap(gap).high < -0.2499);
}

TEST_CASE("Spearman: order alone counts") {
  const std::vector<double> up{1, 2, 3, 10}, down{5, 4, 3, -100}, flat{1, 1, 1, 1}, other{2, 1, 4, 3};
  CHECK(spearman(up, down) == doctest::Approx(-1));
  CHECK(spearman(up, up) == doctest::Approx(1));
  CHECK(spearman(up, flat) == 0);
  CHECK(spearman(up, other) == doctest::Approx(0.6));
}

TEST_CASE("the proxy's direction is that of its correlation with the ablation") {
  const std::vector<double> proxy{0.1, 1, 3};
  const auto alike = prunable_from(proxy, 0.8), against = prunable_from(proxy, -0.8);
  CHECK((alike[0] > alike[1] && alike[1] > alike[2]));
  CHECK((against[0] < against[1] && against[1] < against[2]));
  for (const double value : prunable_from(std::vector<double>(4, 0.0), 1)) CHECK(value == doctest::Approx(1));
}

TEST_CASE("equal layers: a permutation test that sees a layer that stands out, and none where there is none") {
  std::vector<std::vector<double>> same, different;
  std::uint64_t state = 9;
  for (int window = 0; window < 8; ++window) {
    same.push_back({});
    for (int layer = 0; layer < 6; ++layer) same.back().push_back(noise(state));
    different.push_back(same.back());
    different.back()[4] += 3;
  }
  CHECK(equal_layers_p(same, 500, 1) > 0.05);
  CHECK(equal_layers_p(different, 500, 1) < 0.01);
  CHECK(equal_layers_p({{1.0}, {2.0}}, 500, 1) == 1);
}

TEST_CASE("InfoNCE: nothing lost where rows are found again, ln n where they tell nothing") {
  std::vector<std::vector<float>> rows, others;
  std::uint64_t state = 4;
  for (int i = 0; i < 32; ++i) {
    rows.push_back({});
    others.push_back({});
    for (int j = 0; j < 256; ++j) {
      rows.back().push_back(static_cast<float>(noise(state)));
      others.back().push_back(static_cast<float>(noise(state)));
    }
  }
  CHECK(info_nce(rows, rows, 0.1) < 0.05);
  CHECK(info_nce(rows, others, 0.1) > 0.8 * std::log(32.0));
  const std::vector<std::vector<float>> one(8, std::vector<float>(4, 1.0f));
  CHECK(info_nce(one, one, 0.1) == doctest::Approx(std::log(8.0)));
}

TEST_CASE("a conclusion: means over windows, and a layer that hurts is less prunable") {
  std::vector<WindowLosses> windows(2);
  for (std::size_t w = 0; w < 2; ++w) {
    for (int layer = 0; layer < 3; ++layer) {
      LayerLoss loss;
      loss.kl = {0, 0.1 * layer, 0.2 * layer, 0.3 * layer, 0.4 * layer + static_cast<double>(w)};
      loss.nll = {0, 1, 2, 3, 4};
      loss.measured = true;
      windows[w].layers.push_back(loss);
    }
    windows[w].infonce = {0.5, 1, 2};
    windows[w].others.assign(1, windows[w].layers);
    windows[w].others[0][1].kl[0] = 0.5 + static_cast<double>(w);
  }
  brim::model::ProfileFile file;
  file.profile.others = {{brim::kernels::KvType::q4_0, {}}};
  conclude(windows, file);
  REQUIRE(file.profile.layers.size() == 3);
  CHECK(file.profile.layers[1].loss[4] == doctest::Approx(0.9));
  CHECK(file.nll[0].loss[2] == 2);
  CHECK(file.profile.others[0].loss[1][0] == doctest::Approx(1));
  CHECK(file.profile.others[0].loss[2][3] == doctest::Approx(0.6));
  CHECK(file.spearman == doctest::Approx(1));
  CHECK(file.profile.layers[0].prunable > file.profile.layers[2].prunable);
}

TEST_CASE("a plan's prediction: the sum of its layers' losses at their quotas, in their types") {
  using brim::kernels::KvType;
  brim::kv::Profile profile;
  profile.layers.resize(2);
  profile.layers[0].loss = {0, 0.1, 0.3, 0.7, 1.5};
  profile.layers[1].loss = {0, 0.2, 0.4, 0.8, 1.6};
  profile.others = {{KvType::q8_0, {{0.01, 0.11, 0.31, 0.71, 1.51}, {0.05, 0.25, 0.45, 0.85, 1.65}}}};
  brim::kv::Plan plan;
  plan.shape.context = 128;
  plan.shape.layers.assign(2, {2, 16, 16, 0, true});
  plan.shape.store_as(KvType::f16);
  plan.quota = {128, 128};
  CHECK(predicted_loss(profile, plan) == doctest::Approx(0));
  plan.quota = {64, 32};
  CHECK(predicted_loss(profile, plan) == doctest::Approx(0.1 + 0.4));
  plan.quota = {48, 128};  // half way between a quarter and a half
  CHECK(predicted_loss(profile, plan) == doctest::Approx(0.2));
  plan.shape.layers[1].types = KvType::q8_0;
  CHECK(predicted_loss(profile, plan) == doctest::Approx(0.2 + 0.05));
  plan.shape.layers[1].window = 32;  // what a layer could use is its window
  plan.quota = {128, 16};
  CHECK(predicted_loss(profile, plan) == doctest::Approx(0.25));
}

TEST_CASE("plans are reported with both numbers, and nothing where there was none") {
  CHECK(plans_report({}).empty());
  const std::vector<PlanLoss> plans{{0.125, "joint", "mixed", 0.01, 0.025}};
  const std::string text = plans_report(plans);
  CHECK(text.find("12.5 %  joint in mixed: predicted 0.01000, measured 0.02500\n") != std::string::npos);
}

TEST_CASE("what a stopped calibration leaves is taken up again, under the same settings alone") {
  const auto folder = std::filesystem::temp_directory_path() / ("brim_kv_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "p.partial").string();
  std::vector<WindowLosses> windows(2);
  for (WindowLosses& window : windows) {
    window.layers.resize(3);
    window.others.assign(2, std::vector<LayerLoss>(3));
  }
  windows[0].others[1][2].measured = true;
  windows[0].others[1][2].nll = {5, 6, 7, 8, 9};
  windows[1].layers[2].measured = true;
  windows[1].layers[2].kl = {0, 1.0 / 3, 2, 3, 4};
  windows[1].infonce = {1, 2, 3};
  save_progress(path, "these", windows);
  const auto back = load_progress(path, "these", 2, 3, 2);
  CHECK(back[0].others[1][2].measured);
  CHECK(back[0].others[1][2].nll == windows[0].others[1][2].nll);
  CHECK(!back[0].others[0][2].measured);
  CHECK(load_progress(path, "these", 2, 3)[0].others.empty());
  CHECK(back[1].layers[2].measured);
  CHECK(back[1].layers[2].kl == windows[1].layers[2].kl);
  CHECK(back[1].infonce == windows[1].infonce);
  CHECK(!back[0].layers[0].measured);
  CHECK(!load_progress(path, "others", 2, 3)[1].layers[2].measured);
  CHECK(!load_progress(path, "these", 1, 3)[0].layers[2].measured);  // a window that does not exist any more
  for (const char* text : {"", "{", "[1]", R"({"settings":"these","layers":[[1,2],["x"],7],"infonce":{"a":1}})"}) {
    std::ofstream(path) << text;
    CHECK(!load_progress(path, "these", 2, 3)[1].layers[2].measured);
  }
  std::filesystem::remove_all(folder);
  CHECK(load_progress(path, "these", 2, 3).size() == 2);
}

TEST_CASE("arms: every split and every rule, the product's and those of research, each once") {
  const brim::kv::Policies all = brim::research::all_policies();
  const auto arms = all_arms(all, brim::kv::snapkv_rule(), brim::kernels::KvType::f16, 20);
  const auto found = [&](std::string_view name) {
    return std::count_if(arms.begin(), arms.end(), [&](const Arm& arm) { return arm.name == name; });
  };
  for (const auto split : all.splits) CHECK_MESSAGE(found(split().name()) == 1, split().name());
  for (const auto rule : all.rules)
    CHECK_MESSAGE(found(rule().name()) == (&rule() == &brim::kv::snapkv_rule() ? 0 : 1), rule().name());
  const std::size_t listed = all.splits.size() + all.rules.size();
  // Without snapkv itself; with full, four that measure first, two by head, three with sparse reads, and two in each of
  // three types.
  CHECK(arms.size() == listed - 1 + 16);
  for (const char* name : {"zigzag-once", "zigzag-lmbo-once", "cake-once", "squeeze-once"})
    CHECK_MESSAGE(found(name) == 1, name);
  CHECK(std::count_if(arms.begin(), arms.end(), [](const Arm& arm) { return arm.measures_first; }) == 4);
  CHECK(std::count_if(arms.begin(), arms.end(), [](const Arm& arm) { return arm.heads_apart; }) == 2);
  std::set<brim::kv::Cutting> cuts;
  for (const Arm& arm : arms) {
    if (arm.reads_sparsely) cuts.insert(arm.cutting);
  }
  CHECK(cuts.size() == 3);
  for (const char* name : {"read", "read-blocks-priors", "read-blocks-fixed32"}) CHECK_MESSAGE(found(name) == 1, name);
  for (const Arm& arm : arms) CHECK(arm.seeds.size() == (arm.name == "shuffled" ? 20 : 1));
  const auto few = chosen_arms(arms, {"zigzag", "full", "depth-q8_0+tova"}, all);
  REQUIRE(few.size() == 4);
  CHECK((few[0].full && few[1].name == "uniform" && few[2].name == "zigzag"));
  CHECK((few[3].name == "depth-q8_0+tova" && few[3].keep == &brim::kv::tova_rule()));
  CHECK((few[3].split == &brim::kv::depth_split() && few[3].type == brim::kernels::KvType::q8_0));
  const auto asked = chosen_arms(arms, {"depth+document"}, all);
  CHECK((asked.back().replays && asked.back().keep == &brim::kv::distinct_rule()));
  CHECK((asked.back().split == &brim::kv::depth_split() && !asked[1].replays));
  CHECK_THROWS_AS(chosen_arms(arms, {"zigzag", "nosuch"}, all), Failure);
  CHECK_THROWS_AS(chosen_arms(arms, {"zigzag+nosuch"}, all), Failure);
}

TEST_CASE("reading chunks: an eighth of the prefix, the smallest cache, a power of two") {
  CHECK(reading_chunk(384, 32) == 32);
  CHECK(reading_chunk(384, 500) == 32);
  CHECK(reading_chunk(4096, 500) == 256);
  CHECK(reading_chunk(5, 1) == 1);
}

TEST_CASE("layers as lines: those alike stand together, bars show quota and use") {
  std::vector<brim_layer_stats> layers(4);
  for (brim_layer_stats& layer : layers) layer = {sizeof layer, 128, 128, 5, 256, "f16"};
  layers[2].quota = 256;
  layers[2].used = 64;
  layers[2].evicted = 0;
  layers[3].kv_type = "q8_0:q4_0";
  const auto lines = layer_lines(layers);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find("layers 0-1") == 0);
  CHECK(lines[0].find("[============]") != std::string::npos);
  CHECK(lines[1].find("[======..................]") != std::string::npos);
  CHECK(lines[1].find("64 of     256 entries in f16, 0 evicted") != std::string::npos);
  CHECK(lines[2].find("layer 3") == 0);
  CHECK(lines[2].find("entries in q8_0:q4_0, 5") != std::string::npos);
  CHECK(layer_lines(std::vector<brim_layer_stats>()).empty());
}
