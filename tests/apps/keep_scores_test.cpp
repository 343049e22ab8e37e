// Fitting scores: the factorisation, the regression, which windows are held out, and a fit over a tiny model.
#include "apps/calibrate/keep_scores.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "apps/calibrate/cholesky.hpp"
#include "apps/calibrate/ridge.hpp"
#include "engine/model/model.hpp"
#include "tests/support/random.hpp"
#include "tests/support/tiny_file.hpp"

namespace keep_scores_test {

using namespace brim;
using namespace brim::apps;

std::vector<float> random_row(test::Random& random, std::size_t size) {
  std::vector<float> row(size);
  for (float& value : row) value = random.unit();
  return row;
}

TEST_CASE("a factorised matrix solves its equations; one that is not positive definite is refused") {
  std::vector<double> small = {4, 99, 2, 5};  // 99 is above the diagonal
  REQUIRE(factorise(small, 2));
  CHECK(small == std::vector<double>{2, 99, 1, 2});
  std::vector<double> b = {8, 14};  // 4x + 2y, 2x + 5y
  solve_factorised(small, 2, b);
  CHECK(b[0] == doctest::Approx(0.75));
  CHECK(b[1] == doctest::Approx(2.5));
  for (std::vector<double> wrong : {std::vector<double>{0, 0, 0, 0}, {1, 0, 2, 1}, {1, 0, NAN, 1}, {-1, 0, 0, 1}}) {
    CHECK(!factorise(wrong, 2));
  }
  test::Random random(3);
  const std::size_t n = 37;
  std::vector<double> root(n * n), matrix(n * n, 0), expected(n), right(n, 0);
  for (double& value : root) value = random.unit();
  for (double& value : expected) value = random.unit();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) matrix[i * n + j] += root[i * n + k] * root[j * n + k];
    }
    matrix[i * n + i] += 1;
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) right[i] += matrix[i * n + j] * expected[j];
  }
  REQUIRE(factorise(matrix, n));
  solve_factorised(matrix, n, right);
  for (std::size_t i = 0; i < n; ++i) CHECK(right[i] == doctest::Approx(expected[i]).epsilon(1e-9));
}

TEST_CASE("a linear map with an intercept is found again, in any pieces and by any number of threads") {
  constexpr std::size_t kInputs = 9, kOutputs = 2, kRows = 200;
  test::Random random(5);
  std::vector<float> rows, targets;
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::vector<float> x = random_row(random, kInputs);
    for (std::size_t output = 0; output < kOutputs; ++output) {
      float y = 3 - static_cast<float>(output);
      for (std::size_t i = 0; i < kInputs; ++i) y += (static_cast<float>(i) - 4.0f * static_cast<float>(output)) * x[i];
      targets.push_back(y);
    }
    rows.insert(rows.end(), x.begin(), x.end());
  }
  std::vector<float> weights(kOutputs * (kInputs + 1)), others = weights;
  RidgeSums whole(kInputs, kOutputs), pieces(kInputs, kOutputs);
  whole.add(rows, targets, 1);
  for (std::size_t row = 0; row < kRows; row += 40) {
    pieces.add(std::span(rows).subspan(row * kInputs, 40 * kInputs),
               std::span(targets).subspan(row * kOutputs, 40 * kOutputs), 3);
  }
  CHECK(pieces.count() == 200);
  REQUIRE(whole.solve(1e-9, weights));
  REQUIRE(pieces.solve(1e-9, others));
  CHECK(weights == others);
  for (std::size_t output = 0; output < kOutputs; ++output) {
    const float* own = weights.data() + output * (kInputs + 1);
    for (std::size_t i = 0; i < kInputs; ++i) {
      CHECK(own[i] == doctest::Approx(static_cast<double>(i) - 4.0 * static_cast<double>(output)).epsilon(1e-4));
    }
    CHECK(own[kInputs] == doctest::Approx(3.0 - static_cast<double>(output)).epsilon(1e-4));
  }
  // A large λ leaves the intercept alone: the mean of the targets.
  RidgeSums flat(kInputs, kOutputs);
  flat.add(rows, targets, 2);
  REQUIRE(flat.solve(1e9, weights));
  double mean = 0;
  for (std::size_t row = 0; row < kRows; ++row) mean += double{targets[row * kOutputs]} / kRows;
  CHECK(weights[0] == doctest::Approx(0).epsilon(1e-5));
  CHECK(weights[kInputs] == doctest::Approx(mean).epsilon(1e-4));
}

TEST_CASE("without a solution the weights are zeros") {
  std::vector<float> weights(3, 7);
  RidgeSums empty(2, 1);
  CHECK(!empty.solve(1e-3, weights));
  CHECK(weights == std::vector<float>(3, 0));
  RidgeSums damaged(2, 1);
  damaged.add(std::vector<float>{1, NAN}, std::vector<float>{1}, 1);
  weights.assign(3, 7);
  CHECK(!damaged.solve(1e-3, weights));
  CHECK(weights == std::vector<float>(3, 0));
}

TEST_CASE("how much is explained: all, nothing, less than nothing, and of nothing") {
  Explained all, nothing, worse, alike, none;
  for (const double target : {1.0, 2.0, 6.0}) {
    all.add(target, target);
    nothing.add(target, 3);
    worse.add(target, -target);
    alike.add(5, target);
  }
  CHECK(all.r2() == doctest::Approx(1));
  CHECK(nothing.r2() == doctest::Approx(0));
  CHECK(worse.r2() < 0);
  CHECK(alike.r2() == 0);
  CHECK(none.r2() == 0);
}

TEST_CASE("every fourth window is held out, and the last of fewer") {
  CHECK((!held_out(0, 2) && held_out(1, 2)));
  CHECK((!held_out(1, 3) && held_out(2, 3)));
  for (std::size_t number = 0; number < 12; ++number) CHECK(held_out(number, 12) == (number % 4 == 3));
}

TEST_CASE("a fit over a tiny model is the same for any number of threads and of layers at a time") {
  const test::TinyFile file;
  const auto model = model::Model::load(file.path, {.threads = 3});
  REQUIRE(model.ok());
  test::Random random(11);
  std::vector<Window> windows(3);
  for (Window& window : windows) {
    window.ids.push_back(1);
    while (window.ids.size() < 128) window.ids.push_back(static_cast<std::int32_t>(random.pick(259, 348)));
  }
  const auto fit = [&](int threads, std::size_t bytes) {
    Measuring with;
    with.model = *model;
    with.sequence.context = 128;
    with.sequence.threads = threads;
    with.sequence.profile = std::make_shared<const kv::Profile>();
    with.loop_threads = threads;
    std::int64_t last = -1, of = 0;
    auto scores = fit_scores(with, windows, bytes, [&](std::int64_t done, std::int64_t total) {
      CHECK(done > last);
      last = done;
      of = total;
      return true;
    });
    REQUIRE(scores.ok());
    CHECK(last + 1 == of);
    return *scores;
  };
  const kv::LearnedScores one = fit(1, std::size_t{1} << 30), three = fit(3, std::size_t{1} << 30), few = fit(2, 1);
  CHECK(one.width == 64);
  REQUIRE(one.layers.size() == 3);
  for (const kv::LayerScores& layer : one.layers) {
    CHECK(layer.heads == 2);
    CHECK(layer.weights.size() == 2 * 65);
    CHECK(layer.r2 <= 1);
    CHECK(std::isfinite(layer.r2));
    // Targets are logarithms of attention: the intercept alone is far from 0.
    CHECK(layer.weights[64] != 0);
  }
  CHECK(one.hash == three.hash);
  CHECK(one.hash == few.hash);
  CHECK(one.hash == kv::score_hash(one));
  CHECK(scores_report(one).find("R²") != std::string::npos);
  CHECK(scores_json(one).find(one.hash) != std::string::npos);

  Measuring with;
  with.model = *model;
  with.sequence.context = 128;
  with.sequence.profile = std::make_shared<const kv::Profile>();
  const auto proceed = [](std::int64_t, std::int64_t) { return true; };
  CHECK(fit_scores(with, std::span(windows).first(1), 1, proceed).error().code == ErrorCode::invalid_argument);
  CHECK(fit_scores(with, windows, 1, [](std::int64_t, std::int64_t) { return false; }).error().code ==
        ErrorCode::cancelled);
}

}  // namespace keep_scores_test
