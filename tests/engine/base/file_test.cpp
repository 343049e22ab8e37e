#include "engine/base/file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

using namespace brim;

TEST_CASE("a file is mapped whole, and moves") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("brim-file-" + std::to_string(::getpid()))).string();
  std::ofstream(path) << "twelve bytes";
  auto opened = MappedFile::open(path);
  REQUIRE(opened.ok());
  MappedFile file = std::move(opened).value();
  CHECK(file.path() == path);
  REQUIRE(file.bytes().size() == 12);
  CHECK(std::memcmp(file.bytes().data(), "twelve bytes", 12) == 0);
  file.expect(MappedFile::Access::repeated);
  MappedFile other = std::move(file);
  CHECK(file.bytes().empty());
  CHECK(other.bytes().size() == 12);
  file = std::move(other);
  CHECK(file.bytes().size() == 12);

  std::filesystem::resize_file(path, 0);
  const auto empty = MappedFile::open(path);
  REQUIRE(empty.ok());
  CHECK(empty->bytes().empty());
  std::filesystem::remove(path);
}

TEST_CASE("what cannot be mapped is refused with the reason, and a pipe does not block") {
  const auto missing = MappedFile::open("/nowhere/file");
  CHECK(missing.error().code == ErrorCode::io);
  CHECK(missing.error().sentence == "cannot open /nowhere/file: No such file or directory");
  CHECK(MappedFile::open("/").error().sentence == "/ is a directory, not a file");
  CHECK(MappedFile::open("/dev/null").error().code == ErrorCode::bad_file);
  const std::string pipe =
      (std::filesystem::temp_directory_path() / ("brim-pipe-" + std::to_string(::getpid()))).string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(MappedFile::open(pipe).error().code == ErrorCode::bad_file);
  std::filesystem::remove(pipe);
}
