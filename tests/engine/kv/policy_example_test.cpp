// The two examples of docs/add-a-kv-policy.md: they compile, they do what the page describes, and the page shows this
// code.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/kv/budget.hpp"
#include "engine/kv/scorer.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/file_content.hpp"

namespace brim::kv {
namespace {

// [split]
class TriangleSplit : public Split {
 public:
  std::string_view name() const override { return "triangle"; }
  void shares(const SplitCase&, std::span<double> shares) const override {
    const double count = static_cast<double>(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = 2 * count - static_cast<double>(i);
  }
};

const Split& triangle_split() {
  static const TriangleSplit instance;
  return instance;
}
// [end]

// [rule]
class AttentionRule : public Rule {
 public:
  std::string_view name() const override { return "attention"; }
  Needs needs() const override { return {.attention_queries = kAllQueries}; }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    std::copy(entries.accumulated.begin(), entries.accumulated.end(), scores.begin());
  }
};

const Rule& attention_rule() {
  static const AttentionRule instance;
  return instance;
}
// [end]

std::string text_of(const std::string& path) {
  return brim::test::file_content(std::string(BRIM_SOURCE_DIR) + "/" + path);
}

std::string part(const std::string& text, const std::string& mark) {
  const std::size_t begin = text.find("\n// [" + mark + "]\n") + mark.size() + 7;
  return text.substr(begin, text.find("// [end]\n", begin) - begin);
}

}  // namespace
}  // namespace brim::kv

TEST_CASE("the page shows the code that is tried here") {
  const std::string page = brim::kv::text_of("docs/add-a-kv-policy.md");
  const std::string source = brim::kv::text_of("tests/engine/kv/policy_example_test.cpp");
  for (const std::string mark : {"split", "rule"}) {
    const std::string snippet = brim::kv::part(source, mark);
    CHECK(snippet.size() > 200);
    CHECK(page.find("```cpp\n" + snippet + "```") != std::string::npos);
  }
}

TEST_CASE("the example split keeps its promises, and gives the first layer about twice the last one's share") {
  brim::test::Random random(6);
  for (int round = 0; round < 500; ++round) {
    std::vector<brim::kv::LayerNeed> layers;
    std::int64_t floors = 0;
    for (std::int64_t n = random.pick(1, 20); n > 0; --n) {
      layers.push_back({16, 16 * random.pick(1, 1000), random.pick(1, 5000)});
      floors += layers.back().floor * layers.back().entry_bytes;
    }
    const std::int64_t bytes = floors + random.pick(0, 1 << 24);
    const auto entries = brim::test::entries_of(brim::kv::triangle_split(), layers, bytes);
    std::int64_t spent = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      CHECK((entries[i] >= layers[i].floor && entries[i] <= layers[i].cap));
      spent += entries[i] * layers[i].entry_bytes;
    }
    CHECK(spent <= bytes);
  }
  const std::vector<brim::kv::LayerNeed> alike(16, {16, 100000, 1, 100000});
  const auto entries = brim::test::entries_of(brim::kv::triangle_split(), alike, 39200);
  CHECK(std::abs(entries.front() - 3200) <= 1);
  CHECK(std::abs(entries.back() - 1700) <= 1);
}

TEST_CASE("the example rule keeps what was attended to most") {
  brim::kv::Entries entries;
  const std::vector<float> accumulated = {1, 5, 2, 4, 3};
  entries.accumulated = accumulated;
  std::vector<float> scores(5);
  brim::kv::attention_rule().score(entries, scores);
  CHECK(scores == accumulated);
  CHECK(brim::kv::attention_rule().needs().accumulated_attention());
}
