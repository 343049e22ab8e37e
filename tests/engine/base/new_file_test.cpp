// Files that appear whole or not at all, and what a killed program leaves beside them.
#include "engine/base/new_file.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/scratch_folder.hpp"

using namespace brim;

namespace {

struct Folder : test::ScratchFolder {
  std::string file = path + "/file";
};

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Status write(const std::string& path, const std::string& text, NewFile::Neighbour neighbour) {
  BRIM_ASSIGN(NewFile file, NewFile::create(path, text.size(), neighbour));
  std::memcpy(file.bytes().data(), text.data(), text.size());
  return file.publish();
}

}  // namespace

TEST_CASE("a file appears whole, replaces the older one, and leaves nothing beside it") {
  for (const auto neighbour : {NewFile::Neighbour::unique, NewFile::Neighbour::part}) {
    const Folder folder;
    REQUIRE(write(folder.file, "older and longer", neighbour));
    REQUIRE(write(folder.file, "newer", neighbour));
    CHECK(content(folder.file) == "newer");
    {
      const auto given_up = NewFile::create(folder.file, 100, neighbour);
      REQUIRE(given_up.ok());
      CHECK(content(folder.file) == "newer");
    }
    CHECK(content(folder.file) == "newer");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
    CHECK(write(folder.path + "/none/file", "text", neighbour).error().code == ErrorCode::io);
  }
}

TEST_CASE("what a killed program left is taken over; of two at once the second is refused") {
  const Folder folder;
  std::ofstream(folder.file + ".part") << "left behind, and longer than what comes";
  REQUIRE(write(folder.file, "text", NewFile::Neighbour::part));
  CHECK(content(folder.file) == "text");
  CHECK(!std::filesystem::exists(folder.file + ".part"));
  auto first = NewFile::create(folder.file, 4, NewFile::Neighbour::part);
  REQUIRE(first.ok());
  const auto second = NewFile::create(folder.file, 4, NewFile::Neighbour::part);
  REQUIRE(!second.ok());
  CHECK(second.error().sentence.find("somebody else is writing it") != std::string::npos);
  std::memcpy(first->bytes().data(), "more", 4);
  REQUIRE(first->publish());  // the refused one took nothing away
  CHECK(content(folder.file) == "more");
}
