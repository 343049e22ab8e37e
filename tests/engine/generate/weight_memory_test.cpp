// Where weights may be stored — in panels of the process, in a shared cache file, in the model's file — and what
// happens to a cache file that is damaged, out of date or cannot be written.
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

/// A folder of this test, set as the user's cache folder while it lives.
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

/// The log of loading is added to `said`.
std::shared_ptr<const model::Model> load(const std::string& path, WeightMemory memory, std::string* said = nullptr) {
  const Log log = [&](LogLevel, std::string_view line) {
    if (said != nullptr) said->append(line).append("\n");
  };
  auto model = model::Model::load(path, {memory, 2, log});
  if (!model) FAIL(model.error().sentence);
  return *model;
}

std::vector<float> logits_of(const std::shared_ptr<const model::Model>& model) {
  const auto sequence = test::tiny_sequence(model, {});
  REQUIRE(sequence->read(test::some_ids(40), {}, nullptr).ok());
  const auto logits = sequence->logits();
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

TEST_CASE(
    "a cache file is written again when it is damaged, and that is said; the model's name and times do not matter") {
  if (!repacks()) return;
  const Folder folder;
  const std::string path = folder.path / "model.gguf";
  test::write_tiny_model(path, {});
  const auto own = logits_of(load(path, WeightMemory::own));
  load(path, WeightMemory::shared);
  REQUIRE(folder.cached().size() == 1);
  const auto cache = folder.cached()[0];
  const auto size = std::filesystem::file_size(cache);
  for (const char* damage : {"shorter", "empty", "another header", "0other panels", "1other panels at the end",
                             "2other checksums", "writable by others", "link"}) {
    CAPTURE(damage);
    if (damage[0] >= '0' && damage[0] <= '2') {
      std::fstream file(cache, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(damage[0] == '0'   ? 4096 + 1234
                 : damage[0] == '1' ? static_cast<std::streamoff>(size) - 8 - 70
                                    : static_cast<std::streamoff>(size) - 1);
      const char changed = static_cast<char>(file.peek() ^ 1);
      file.seekp(file.tellg());
      file.put(changed);
    }
    if (damage[0] == 'w') std::filesystem::permissions(cache, std::filesystem::perms(0620));
    if (damage[0] == 'l') {
      std::filesystem::rename(cache, folder.path / "elsewhere");
      std::filesystem::create_symlink(folder.path / "elsewhere", cache);
    }
    if (damage[0] == 's') std::filesystem::resize_file(cache, size - 1);
    if (damage[0] == 'e') std::filesystem::resize_file(cache, 0);
    if (damage[0] == 'a') std::fstream(cache, std::ios::in | std::ios::out | std::ios::binary).write("XXXXXXXX", 8);
    std::string said;
    CHECK(logits_of(load(path, WeightMemory::shared, &said)) == own);
    CHECK(said.find("the weights are repacked again") != std::string::npos);
    CHECK(std::filesystem::file_size(cache) == size);
    CHECK(!std::filesystem::is_symlink(cache));
    said.clear();
    CHECK(logits_of(load(path, WeightMemory::shared, &said)) == own);
    CHECK(said.find("repacked by an earlier start") != std::string::npos);
  }
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(5));
  std::filesystem::rename(path, path + "2");
  CHECK(logits_of(load(path + "2", WeightMemory::shared)) == own);
  CHECK(folder.cached().size() == 1);
}

TEST_CASE("models that differ in one byte only have panels of their own, whatever their files' times say") {
  if (!repacks()) return;
  const Folder folder;
  const std::string first = folder.path / "a.gguf", second = folder.path / "b.gguf";
  test::write_tiny_model(first, {});
  std::filesystem::copy_file(first, second);
  const auto opened = io::Gguf::open(first);
  REQUIRE(opened.ok());
  const io::Tensor* tensor = opened->tensor("blk.1.ffn_down.weight");
  REQUIRE(tensor != nullptr);
  const auto before = static_cast<std::size_t>(tensor->data.data() - opened->tensors().front().data.data());
  std::fstream file(second, std::ios::in | std::ios::out | std::ios::binary);
  const auto start = std::filesystem::file_size(first) - opened->tensor_bytes() - 0;
  file.seekp(static_cast<std::streamoff>(start + before + tensor->data.size() / 2 / 4 * 4 + 3));
  file.put('\x42');
  file.close();
  std::filesystem::last_write_time(second, std::filesystem::last_write_time(first));
  const auto of_first = logits_of(load(first, WeightMemory::own)),
             of_second = logits_of(load(second, WeightMemory::own));
  REQUIRE(of_first != of_second);
  CHECK(logits_of(load(second, WeightMemory::shared)) == of_second);
  CHECK(logits_of(load(first, WeightMemory::shared)) == of_first);
  CHECK(logits_of(load(second, WeightMemory::shared)) == of_second);
  CHECK(folder.cached().size() == 2);
}

TEST_CASE("a folder that others may write is refused") {
  if (!repacks()) return;
  const Folder folder;
  const std::string path = folder.path / "model.gguf";
  test::write_tiny_model(path, {});
  std::filesystem::create_directory(folder.path / "brim");
  std::filesystem::permissions(folder.path / "brim", std::filesystem::perms(0777));
  const auto refused = model::Model::load(path, {WeightMemory::shared, 2});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::io);
  CHECK(refused.error().sentence.find("may be written by other users") != std::string::npos);
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
