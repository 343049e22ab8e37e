// A profile that is used otherwise than it was measured gets one sentence, and any other use none.
#include "engine/run/profile_remark.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace brim;
using kernels::KvType;

namespace {

/// A profile that was measured with window in f16 over 512 tokens.
model::FoundProfile measured() {
  model::ProfileFile file;
  file.keep = "window";
  file.context = 512;
  file.profile.types = KvType::f16;
  for (int layer = 0; layer < 3; ++layer) {
    file.profile.layers.push_back({{0, 0.1 * (layer + 1), 0.2 * (layer + 1), 0.4, 0.8}, 1});
  }
  return model::found_profile(file, "the text");
}

struct Use {
  std::int64_t context = 512;
  kernels::KvTypes types = KvType::f16;
  const kv::Split* split = &kv::depth_split();
  const kv::Rule* keep = &kv::window_rule();
  double percent = 30;
};

std::string remark(const model::FoundProfile& found, const Use& use = {}) {
  kv::Shape shape;
  shape.layers.assign(3, kv::StreamShape{2, 16, 16, 0, true});
  shape.context = use.context;
  shape.store_as(use.types);
  const auto plan = kv::make_plan(shape, {kv::BudgetRequest::Kind::percent, 0, use.percent}, 0, use.split, *use.keep,
                                  {found.profile.get(), 0});
  if (!plan) FAIL(plan.error().sentence);
  return run::profile_remark(*plan, found);
}

}  // namespace

TEST_CASE("a profile that is used as it was measured is not remarked on") {
  CHECK(remark(measured()).empty());
  CHECK(remark(measured(), {.context = 1024}).empty());
  CHECK(remark(measured(), {.context = 256}).empty());
}

TEST_CASE("another rule, type or length is named, with what was measured and what is used") {
  const std::string rule = remark(measured(), {.keep = &kv::snapkv_rule()});
  CHECK(
      rule ==
      "the profile of the model's layers was measured with kv.keep='window' and is used with kv.keep='snapkv': the KV "
      "split depth may divide the budget less well than by one that brim calibrate measures with these");
  const auto says = [](const std::string& said, const char* words) { return said.find(words) != std::string::npos; };
  CHECK(says(remark(measured(), {.types = KvType::q8_0}), "with kv.type=f16 and is used with kv.type=q8_0:"));
  CHECK(says(remark(measured(), {.context = 1040}), "with context=512 and is used with context=1040:"));
  CHECK(says(remark(measured(), {.context = 255}), "with context=512 and is used with context=255:"));
  CHECK(says(remark(measured(), {.context = 4096, .types = KvType::f32, .keep = &kv::tova_rule()}),
             "with kv.keep='window', kv.type=f16, context=512 and is used with kv.keep='tova', kv.type=f32, "
             "context=4096:"));
}

TEST_CASE("nothing is said where no profile decides anything") {
  CHECK(remark(measured(), {.context = 4096, .percent = 100}).empty());
  CHECK(remark(measured(), {.context = 4096, .split = &kv::uniform_split()}).empty());
  model::FoundProfile none;
  none.notice = "why";
  CHECK(remark(none, {.split = &kv::uniform_split()}).empty());
}

TEST_CASE("a split that chooses types chooses among those that were measured") {
  model::ProfileFile file;
  file.keep = "window";
  file.context = 512;
  file.profile.types = KvType::f16;
  file.profile.others.push_back({KvType::q8_0, {}});
  for (int layer = 0; layer < 3; ++layer) {
    file.profile.layers.push_back({{0, 0.1, 0.2, 0.4, 0.8}, 1});
    file.profile.others[0].loss.push_back({0.01, 0.11, 0.21, 0.41, 0.81});
  }
  const model::FoundProfile found = model::found_profile(file, "the text");
  CHECK(remark(found, {.split = &kv::joint_split()}).empty());
  CHECK(!remark(found, {.split = &kv::joint_split(), .keep = &kv::tova_rule()}).empty());
}

TEST_CASE("what a profile does not say is not compared") {
  model::FoundProfile found = measured();
  found.keep.clear();
  found.context = 0;
  CHECK(remark(found, {.context = 4096, .keep = &kv::tova_rule()}).empty());
}

TEST_CASE("a profile that shows no real difference is remarked on where the split was left to the plan") {
  model::ProfileFile file;
  file.keep = "window";
  file.context = 512;
  file.profile.types = KvType::f16;
  file.profile.equal_layers_p = 0.16891554222888555;
  for (const double loss : {0.1, 0.1, 0.2}) file.profile.layers.push_back({{0, loss, loss, loss, loss}, 1});
  const model::FoundProfile found = model::found_profile(file, "the text");
  CHECK(remark(found, {.split = nullptr}) ==
        "the profile of the model's layers shows no real difference between them (that all are equal: p = 0.1689, "
        "expected at most 0.05; inequality 0.25, expected at least 0.1): the KV budget is divided uniformly; brim "
        "calibrate may find one with more text and windows");
  // Nothing was divided; equal quotas were requested; the profile was requested.
  CHECK(remark(found, {.split = nullptr, .percent = 100}).empty());
  CHECK(remark(found, {.split = &kv::uniform_split()}).empty());
  CHECK(remark(found).empty());
  // One that shows a difference is used.
  file.profile.equal_layers_p = 0.05;
  const model::FoundProfile real = model::found_profile(file, "the text");
  CHECK(remark(real, {.split = nullptr}).empty());
  CHECK(remark(real, {.split = nullptr, .keep = &kv::tova_rule()}).find("kv.keep='tova': the KV split depth") !=
        std::string::npos);
}
