// Sequences of one model that share its executor: each is bit for bit what it is alone, whichever other sequence
// computes, and a second sequence needs no second workspace.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;

namespace {

std::unique_ptr<run::Sequence> sequence_of(const std::shared_ptr<const model::Model>& model,
                                           const std::shared_ptr<run::Executor>& executor, const std::string& budget,
                                           std::int64_t context = 0) {
  run::SequenceOptions options;
  options.budget = kv::parse_budget(budget).value();
  options.type = kernels::KvType::f16;
  options.executor = executor;
  options.context = context;
  options.keep = &kv::tova_rule();
  auto sequence = run::Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  return std::move(*sequence);
}

/// The logits after a prompt and each of some single tokens.
std::vector<std::vector<float>> read(run::Sequence& sequence, std::size_t skip) {
  const std::vector<std::int32_t> ids = test::some_ids(120 + skip);
  std::vector<std::vector<float>> rows;
  const auto note = [&] {
    const auto logits = sequence.logits();
    if (!logits) FAIL(logits.error().sentence);
    rows.emplace_back(logits->begin(), logits->end());
  };
  if (!sequence.read(std::span(ids).subspan(skip, 100), {}, nullptr)) FAIL("reading failed");
  note();
  for (std::size_t i = skip + 100; i < ids.size(); ++i) {
    if (!sequence.read_next(ids[i], nullptr)) FAIL("decoding failed");
    note();
  }
  return rows;
}

}  // namespace

TEST_CASE("sequences that share an executor, from several threads") {
  const auto model = test::tiny_model();
  constexpr int kSequences = 5;
  std::vector<std::vector<std::vector<float>>> alone, together(kSequences);
  for (int i = 0; i < kSequences; ++i) {
    alone.push_back(read(*sequence_of(model, nullptr, i % 2 == 0 ? "30%" : "full"), static_cast<std::size_t>(i)));
  }
  const auto executor = std::make_shared<run::Executor>(model, 3);
  std::vector<std::unique_ptr<run::Sequence>> sequences;
  for (int i = 0; i < kSequences; ++i) sequences.push_back(sequence_of(model, executor, i % 2 == 0 ? "30%" : "full"));
  std::vector<std::thread> threads;
  for (int i = 0; i < kSequences; ++i) {
    threads.emplace_back([&, i] {
      together[static_cast<std::size_t>(i)] =
          read(*sequences[static_cast<std::size_t>(i)], static_cast<std::size_t>(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < kSequences; ++i) CHECK(together[i] == alone[i]);
}

TEST_CASE("what one sequence was left with stays, whatever others compute and however the workspace grows") {
  const auto model = test::tiny_model();
  const auto executor = std::make_shared<run::Executor>(model, 2);
  const auto first = sequence_of(model, executor, "full", 40);
  const std::vector<std::int32_t> ids = test::some_ids(64);
  REQUIRE(first->read(std::span(ids).first(20), {}, nullptr));
  const auto expected = [&] {
    const auto lone = sequence_of(model, nullptr, "full", 40);
    REQUIRE(lone->read(std::span(ids).first(20), {}, nullptr));
    const auto logits = lone->logits();
    return std::vector<float>(logits->begin(), logits->end());
  }();
  const auto second = sequence_of(model, executor, "full", 256);  // needs a larger workspace
  REQUIRE(second->read(ids, {}, nullptr));
  const auto logits = first->logits();
  REQUIRE(logits.ok());
  const std::vector<float> found(logits->begin(), logits->end());
  CHECK(found == expected);
  CHECK(*std::min_element(found.begin(), found.end()) < *std::max_element(found.begin(), found.end()));
  REQUIRE(second->logits().ok());
  CHECK(std::equal(found.begin(), found.end(), logits->begin()));  // the pointer that was handed out stays valid, too
}

TEST_CASE("a second sequence needs no second workspace") {
  const auto model = test::tiny_model();
  const auto executor = std::make_shared<run::Executor>(model, 2);
  const auto first = sequence_of(model, executor, "full");
  const kv::Plan& plan = first->cache().plan();
  const Progress none;
  run::Preparing preparing{none, 0, 1};
  REQUIRE(executor->reserve(model::workspace_shape(plan, model->table(), 2), 1, preparing));
  CHECK(preparing.done == 0);  // nothing was created
  CHECK(executor->sequences() == 1);
  {
    const auto copy = first->sibling({});
    REQUIRE(copy.ok());
    CHECK(executor->sequences() == 2);
    REQUIRE(executor->reserve(model::workspace_shape(plan, model->table(), 2), 2, preparing));
    CHECK(preparing.done == 0);
  }
  CHECK(executor->sequences() == 1);
  model::WorkspaceShape larger = model::workspace_shape(plan, model->table(), 2);
  larger.chunk *= 2;
  REQUIRE(executor->reserve(larger, 1, preparing));
  CHECK(preparing.done > 0);
}

TEST_CASE("of steps that share a pass, one that cannot be processed fails alone") {
  const auto model = test::tiny_model();
  const auto executor = std::make_shared<run::Executor>(model, 2);
  const auto first = sequence_of(model, executor, "full"), second = sequence_of(model, executor, "full");
  const std::vector<std::int32_t> ids = test::some_ids(24);
  for (const auto& each : {first.get(), second.get()}) REQUIRE(each->read(std::span(ids).first(20), {}, nullptr));
  const auto good = first->begin_next(ids[20], 1, nullptr), bad = second->begin_next(-1, 1, nullptr);
  REQUIRE(good.ok());
  REQUIRE(bad.ok());
  std::array<run::PassEntry, 2> entries;
  entries[0] = {first.get(), **good, nullptr, true};
  entries[1] = {second.get(), **bad, nullptr, true};
  executor->step(entries);
  CHECK(entries[0].status.ok());
  REQUIRE(!entries[1].status.ok());
  CHECK(entries[1].status.error().code == ErrorCode::invalid_argument);
  second->give_up_next();
  CHECK(first->tokens() == 21);
  CHECK(second->tokens() == 20);
  REQUIRE(second->read_next(ids[20], nullptr));
  const auto one = first->logits(), other = second->logits();
  REQUIRE(one.ok());
  REQUIRE(other.ok());
  CHECK(std::equal(one->begin(), one->end(), other->begin()));
}

TEST_CASE("two sessions take two budgets, histories and texts, and one workspace with the memory for sampling") {
  const auto model = test::tiny_model();
  const auto executor = std::make_shared<run::Executor>(model, 2);
  generate::SessionOptions options;
  options.sequence.budget = *kv::parse_budget("full");
  options.sequence.executor = executor;
  options.sequence.threads = 2;  // the executor's
  options.sampling.typical_p = 0.9;
  options.sampling.repeat_penalty = 1.1;
  options.sampling.dry_multiplier = 0.8;
  std::vector<std::unique_ptr<generate::Session>> sessions;
  std::vector<std::size_t> shared;
  for (int i = 0; i < 3; ++i) {
    auto session = generate::Session::create(model, options);
    if (!session) FAIL(session.error().sentence);
    sessions.push_back(std::move(*session));
    shared.push_back(executor->bytes());
  }
  const run::MemoryPlan& plan = sessions[0]->sequence().memory();
  const auto vocabulary = static_cast<std::size_t>(model->config().vocabulary);
  CHECK(plan.sampling_bytes >= 40 * static_cast<std::int64_t>(vocabulary));
  const std::size_t once = Arena::whole_pages(static_cast<std::size_t>(plan.workspace_bytes)) +
                           Arena::whole_pages(static_cast<std::size_t>(plan.sampling_bytes));
  CHECK(shared[0] == once);
  CHECK(shared[1] == once + Arena::whole_pages(2 * vocabulary * sizeof(float)));  // rows of logits for both
  CHECK(shared[2] == once + Arena::whole_pages(3 * vocabulary * sizeof(float)));
  CHECK(plan.total() == plan.arena_bytes() + plan.workspace_bytes + plan.sampling_bytes + plan.heap_bytes);
}

TEST_CASE("room that is refused changes nothing") {
  const auto model = test::tiny_model();
  const auto executor = std::make_shared<run::Executor>(model, 1);
  const auto sequence = sequence_of(model, executor, "full");
  const auto before = read(*sequence, 0);
  const Progress stop = [](long long, long long) { return false; };
  run::Preparing preparing{stop, 0, 1};
  model::WorkspaceShape larger = model::workspace_shape(sequence->cache().plan(), model->table(), 1);
  larger.chunk *= 4;
  const Status refused = executor->reserve(larger, 1, preparing);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::cancelled);
  sequence->clear();
  CHECK(read(*sequence, 0) == before);
}
