// Where weights may lie — in panels of the process, in a shared cache file, in the model's file — and what becomes of a cache
// file that is damaged, out of date or not to be written.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernels/dispatch.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;
using model::WeightMemory;

namespace {

/// A folder of this test, named as the user's cache while it lives.
struct Folder {
  std::filesystem::path path;
  Folder() {
    char name[] = "/tmp/brim-cache-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
    setenv("XDG_CACHE_HOME", name, 1);
  }
  ~Folder() {
    unsetenv("XDG_CACHE_HOME");
    std::filesystem::remove_all(path);
  }
  std::vector<std::filesystem::path> cached() const {
    std::vector<std::filesystem::path> found;
    if (!std::filesystem::exists(path / "brim")) return found;
    for (const auto& entry : std::filesystem::directory_iterator(path / "brim")) found.push_back(entry.path());
    return found;
  }
};

std::shared_ptr<const model::Model> load(const std::string& path, WeightMemory memory) {
  auto model = model::Model::load(path, {memory, 2});
  if (!model) FAIL(model.error().sentence);
  return *model;
}

std::vector<float> logits_of(const std::shared_ptr<const model::Model>& model) {
  const auto reader = test::tiny_reader(model, {});
  REQUIRE(reader->read(test::some_ids(40), {}, nullptr).ok());
  const auto logits = reader->logits();
  REQUIRE(logits);
  return {logits->begin(), logits->end()};
}

bool repacks() { return kernels::active().panels_pay[static_cast<std::size_t>(quant::Format::f32)]; }

}  // namespace

TEST_CASE("private and shared panels give the same bits, weights in place nearly so") {
  const Folder folder;
  const std::string path = folder.path / "model.gguf";
  test::write_tiny_model(path, {});
  const auto own = logits_of(load(path, WeightMemory::own));
  CHECK(folder.cached().empty());
  CHECK(logits_of(load(path, WeightMemory::shared)) == own);
  if (repacks()) REQUIRE(folder.cached().size() == 1);
  CHECK(logits_of(load(path, WeightMemory::shared)) == own);  // from the cache this time
  const auto in_place = logits_of(load(path, WeightMemory::file));
  REQUIRE(in_place.size() == own.size());
  for (std::size_t i = 0; i < own.size(); ++i) REQUIRE(std::abs(own[i] - in_place[i]) < 1e-3f);
}

TEST_CASE("a cache file is written again when it is damaged or the model's file has changed") {
  if (!repacks()) return;
  const Folder folder;
  const std::string path = folder.path / "model.gguf";
  test::write_tiny_model(path, {});
  const auto own = logits_of(load(path, WeightMemory::own));
  load(path, WeightMemory::shared);
  REQUIRE(folder.cached().size() == 1);
  const auto cache = folder.cached()[0];
  const auto size = std::filesystem::file_size(cache);
  for (const char* damage : {"shorter", "empty", "another header"}) {
    CAPTURE(damage);
    if (damage[0] == 's') std::filesystem::resize_file(cache, size - 1);
    if (damage[0] == 'e') std::filesystem::resize_file(cache, 0);
    if (damage[0] == 'a') std::fstream(cache, std::ios::in | std::ios::out | std::ios::binary).write("XXXXXXXX", 8);
    CHECK(logits_of(load(path, WeightMemory::shared)) == own);
    CHECK(std::filesystem::file_size(cache) == size);
  }
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(5));
  CHECK(logits_of(load(path, WeightMemory::shared)) == own);
  CHECK(folder.cached().size() == 2);
}

TEST_CASE("a cache that cannot be written is an error that names it, and stopping leaves nothing behind") {
  if (!repacks()) return;
  const Folder folder;
  const std::string path = folder.path / "model.gguf";
  test::write_tiny_model(path, {});
  const auto stopped = model::Model::load(path, {WeightMemory::shared, 2}, [](long long, long long) { return false; });
  REQUIRE(!stopped.ok());
  CHECK(stopped.error().code == ErrorCode::cancelled);
  CHECK(folder.cached().empty());
  std::filesystem::remove_all(folder.path / "brim");
  std::ofstream(folder.path / "brim") << "a file where the folder should be";
  const auto refused = model::Model::load(path, {WeightMemory::shared, 2});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::io);
  CHECK(refused.error().sentence.find(folder.path.string()) != std::string::npos);
}
