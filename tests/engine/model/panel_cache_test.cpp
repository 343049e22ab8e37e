// The notes that let a start find a model's panels without hashing the model.
#include "engine/model/panel_cache.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/scratch_folder.hpp"

using namespace brim;
using model::PanelCache;

namespace {

struct Cache : test::ScratchFolder {
  Cache() { setenv("XDG_CACHE_HOME", path.c_str(), 1); }
  ~Cache() { unsetenv("XDG_CACHE_HOME"); }
};

std::filesystem::path only_file(const std::string& folder) {
  std::filesystem::path found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) found = entry.path();
  return found;
}

}  // namespace

TEST_CASE("a file is distinguished from a later version of itself only when it is older than time stamps are coarse") {
  const std::int64_t second = 1'000'000'000, now = 1'800'000'000 * second;
  const FileIdentity old{1, 2, 3, now - 3 * second, now - 3 * second};
  FileIdentity fresh = old, touched = old, ahead = old;
  fresh.changed_ns = now - second;
  touched.modified_ns = now - second;
  ahead.changed_ns = now + 100 * second;
  CHECK(model::trusted(std::vector{old, old}, now));
  CHECK(!model::trusted(std::vector{old, fresh}, now));
  CHECK(!model::trusted(std::vector{touched}, now));
  CHECK(!model::trusted(std::vector{ahead}, now));
  CHECK(!model::trusted({}, now));
}

TEST_CASE("a note is found by every number of the file's identity, and by nothing else") {
  const Cache folder;
  const auto cache = PanelCache::open();
  REQUIRE(cache.ok());
  const FileIdentity file{1, 2, 3, 4, 5};
  const auto hash = sha256({});
  CHECK(!cache->known(7, std::vector{file}));
  cache->note(7, std::vector{file}, hash);
  CHECK(cache->known(7, std::vector{file}) == hash);
  CHECK(!cache->known(8, std::vector{file}));
  CHECK(!cache->known(7, std::vector{file, file}));
  for (const FileIdentity& other :
       {FileIdentity{9, 2, 3, 4, 5}, FileIdentity{1, 9, 3, 4, 5}, FileIdentity{1, 2, 9, 4, 5},
        FileIdentity{1, 2, 3, 9, 5}, FileIdentity{1, 2, 3, 4, 9}}) {
    CHECK(!cache->known(7, std::vector{other}));
  }
}

TEST_CASE("a note that is damaged, a link, or may have been written by others is not believed") {
  const Cache folder;
  const auto cache = PanelCache::open();
  REQUIRE(cache.ok());
  const std::vector<FileIdentity> files{{1, 2, 3, 4, 5}};
  const auto hash = sha256({});
  for (const char* what : {"cut", "changed", "writable", "link"}) {
    CAPTURE(what);
    std::filesystem::remove_all(folder.path + "/brim");
    REQUIRE(PanelCache::open().ok());
    cache->note(7, files, hash);
    const auto note = only_file(folder.path + "/brim");
    REQUIRE(cache->known(7, files) == hash);
    if (what[1] == 'u') std::filesystem::resize_file(note, std::filesystem::file_size(note) - 1);
    if (what[1] == 'h') std::fstream(note, std::ios::in | std::ios::out | std::ios::binary).seekp(10).put('x');
    if (what[1] == 'r') std::filesystem::permissions(note, std::filesystem::perms(0602));
    if (what[1] == 'i') {
      std::filesystem::rename(note, folder.path + "/note");
      std::filesystem::create_symlink(folder.path + "/note", note);
    }
    CHECK(!cache->known(7, files));
  }
}

TEST_CASE("without a place for the cache: an error that says what is expected") {
  const char* home = std::getenv("HOME");
  const std::string kept = home != nullptr ? home : "";
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  const auto none = PanelCache::open();
  if (home != nullptr) setenv("HOME", kept.c_str(), 1);
  REQUIRE(!none.ok());
  CHECK(none.error().sentence.find("XDG_CACHE_HOME or HOME") != std::string::npos);
}
