// Two models with their own kernels and threads in one process: the kernels and threads are passed in, and nothing is
// shared that could mix them up.
#include <doctest/doctest.h>

#include <thread>

#include "kernels/dispatch.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;

namespace {

std::shared_ptr<const model::Model> load(const std::string& path, const kernels::Table& table, int threads) {
  model::LoadOptions options;
  options.table = &table;
  options.threads = threads;
  auto model = model::Model::load(path, options);
  if (!model) FAIL(model.error().sentence);
  return *model;
}

/// Processes a prompt and then eight tokens one by one; the logits after each.
std::vector<std::vector<float>> read(run::Sequence& sequence) {
  std::vector<std::vector<float>> seen;
  const auto note = [&] {
    const auto logits = sequence.logits();
    REQUIRE(logits.ok());
    seen.emplace_back(logits->begin(), logits->end());
  };
  const std::vector<std::int32_t> ids = test::some_ids(48);
  REQUIRE(sequence.read(std::span(ids).first(40), {}, nullptr));
  note();
  for (std::size_t i = 40; i < ids.size(); ++i) {
    REQUIRE(sequence.read_next(ids[i], nullptr));
    note();
  }
  return seen;
}

}  // namespace

TEST_CASE("models with other kernels and other threads live side by side") {
  test::TinyModel shape;
  shape.format = quant::Format::q8_0;
  const test::TinyFile file(shape);
  const kernels::Table plain = kernels::table_for("generic"), best = kernels::active();
  std::vector<std::vector<float>> alone[2];
  for (const int which : {0, 1}) {
    const auto model = load(file.path, which == 0 ? plain : best, 1 + 2 * which);
    CHECK(&model->table() == (which == 0 ? &plain : &best));
    CHECK(model->threads().threads() == 1 + 2 * which);
    alone[which] = read(*test::tiny_sequence(model, {}));
  }
  {
    const auto one = load(file.path, plain, 1), other = load(file.path, best, 3);
    const auto first = test::tiny_sequence(one, {}), second = test::tiny_sequence(other, {});
    std::vector<std::vector<float>> together[2];
    std::thread beside([&] { together[0] = read(*first); });
    together[1] = read(*second);
    beside.join();
    for (const int which : {0, 1}) CHECK(together[which] == alone[which]);
  }
}
