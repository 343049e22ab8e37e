// Tables of policies: which policies names find, and the error for unknown names.
#include "engine/kv/policies.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "research/policies.hpp"

using namespace brim::kv;

namespace {

std::string refused_split(std::string_view name, const Policies& policies) {
  const auto split = split_named(name, policies);
  REQUIRE(!split);
  CHECK(split.error().code == brim::ErrorCode::invalid_argument);
  return split.error().sentence;
}

std::string refused_rule(std::string_view name, const Policies& policies) {
  const auto rule = rule_named(name, policies);
  REQUIRE(!rule);
  CHECK(rule.error().code == brim::ErrorCode::invalid_argument);
  return rule.error().sentence;
}

}  // namespace

TEST_CASE("the product's tables know their names") {
  const Policies product = product_policies();
  CHECK(product.split_names() == std::vector<std::string_view>{"auto", "uniform", "depth", "joint", "zigzag"});
  CHECK(product.rule_names() ==
        std::vector<std::string_view>{"window", "snapkv", "tova", "dynsplit", "distinct", "learned"});
  CHECK(product.find_split("uniform") == &uniform_split());
  CHECK(product.find_split("Uniform") == nullptr);
  CHECK(product.find_split("") == nullptr);
  CHECK(product.find_rule("window") == &window_rule());
  CHECK(product.find_rule("windo") == nullptr);
  CHECK_FALSE(window_rule().needs().accumulated_attention());
  CHECK(split_named("auto", product).value() == nullptr);
  CHECK(split_named("depth", product).value() == &depth_split());
  CHECK(rule_named("tova", product).value() == &tova_rule());
  CHECK(refused_split("odd", product) == "expected auto|uniform|depth|joint|zigzag, found 'odd'");
  CHECK(refused_rule("odd", product) == "expected window|snapkv|tova|dynsplit|distinct|learned, found 'odd'");
}

TEST_CASE("research adds to the product's tables, each name once, and the product says where its policies are") {
  const Policies product = product_policies(), all = brim::research::all_policies();
  for (const char* name : {"depth-mga", "depth-mlp", "depth-mlma-2", "depth-mlma-4", "depth-mlma-6", "zigzag-lmbo",
                           "pyramid", "inverted-pyramid", "cake", "squeeze", "shuffled"}) {
    CHECK_MESSAGE(all.find_split(name) != nullptr, name);
  }
  for (const char* name : {"h2o", "knorm", "h2o-value", "snapkv-value", "blocks-fixed32", "blocks-priors"})
    CHECK_MESSAGE(all.find_rule(name) != nullptr, name);
  std::set<std::string_view> splits{kChosenSplit}, rules;
  for (std::size_t i = 0; i < all.splits.size(); ++i) {
    const Split& split = all.splits[i]();
    CAPTURE(split.name());
    CHECK(splits.insert(split.name()).second);
    CHECK(split_named(split.name(), all).value() == &split);
    if (i < product.splits.size()) {
      CHECK(&product.splits[i]() == &split);
      CHECK(split_remark(split.name()).empty());
    } else {
      CHECK(refused_split(split.name(), product) == "expected auto|uniform|depth|joint|zigzag, found '" +
                                                        std::string(split.name()) +
                                                        "', a research policy that brim eval alone can use");
    }
  }
  for (std::size_t i = 0; i < all.rules.size(); ++i) {
    const Rule& rule = all.rules[i]();
    CAPTURE(rule.name());
    CHECK(rules.insert(rule.name()).second);
    CHECK(rule_named(rule.name(), all).value() == &rule);
    if (i < product.rules.size()) {
      CHECK(&product.rules[i]() == &rule);
      CHECK(rule_remark(rule.name()).empty());
    } else {
      CHECK(refused_rule(rule.name(), product) ==
            "expected window|snapkv|tova|dynsplit|distinct|learned, found '" + std::string(rule.name()) +
                "', a research policy that brim eval and brim calibrate alone can use");
    }
  }
  CHECK(refused_split("odd", all).find("|shuffled, found 'odd'") != std::string::npos);
}
