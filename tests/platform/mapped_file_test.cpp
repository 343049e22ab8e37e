// Files that are read by position, and mapped files: their content, what is refused, and what happens when a file
// changes.
#include "platform/mapped_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/scratch_folder.hpp"

using namespace brim;

namespace {

MappedFile mapped(const std::string& path) {
  const auto file = InputFile::open(path);
  REQUIRE(file.ok());
  auto opened = MappedFile::map(*file);
  REQUIRE(opened.ok());
  return std::move(*opened);
}

struct Folder : test::ScratchFolder {
  std::string file = path + "/file";
};

}  // namespace

TEST_CASE("a file is mapped whole, and moves") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("brim-file-" + std::to_string(::getpid()))).string();
  std::ofstream(path) << "twelve bytes";
  MappedFile file = mapped(path);
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
  CHECK(mapped(path).bytes().empty());
  std::filesystem::remove(path);
}

TEST_CASE("what cannot be read by position is refused with the reason, and a pipe does not block") {
  const auto missing = InputFile::open("/nowhere/file");
  CHECK(missing.error().code == ErrorCode::io);
  CHECK(missing.error().sentence == "cannot open /nowhere/file: No such file or directory");
  CHECK(InputFile::open("/").error().sentence == "/ is a directory, not a file");
  CHECK(InputFile::open("/dev/null").error().code == ErrorCode::bad_file);
  const std::string pipe =
      (std::filesystem::temp_directory_path() / ("brim-pipe-" + std::to_string(::getpid()))).string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(InputFile::open(pipe).error().code == ErrorCode::bad_file);
  std::filesystem::remove(pipe);
}

TEST_CASE("a part of a file is read, and a file that has become shorter is an error that says so") {
  const Folder folder;
  std::ofstream(folder.file) << "twelve bytes";
  const auto file = InputFile::open(folder.file);
  REQUIRE(file.ok());
  CHECK(file->size() == 12);
  CHECK(file->descriptor() > 2);
  std::string text(5, ' ');
  REQUIRE(file->read(7, std::as_writable_bytes(std::span(text))));
  CHECK(text == "bytes");
  CHECK(file->check_unchanged().ok());

  std::filesystem::resize_file(folder.file, 9);
  const Status cut = file->read(7, std::as_writable_bytes(std::span(text)));
  REQUIRE(!cut);
  CHECK(cut.error().code == ErrorCode::io);
  CHECK(cut.error().sentence ==
        folder.file + " ends at byte 9, expected 12 bytes: it was cut off while it was being read");
  CHECK(file->check_unchanged().error().sentence.find("was changed while it was being read") != std::string::npos);
}

TEST_CASE("a file that is written again in place is noticed; a new name is not a change") {
  const Folder folder;
  std::ofstream(folder.file) << "old";
  const auto file = InputFile::open(folder.file);
  REQUIRE(file.ok());
  std::filesystem::rename(folder.file, folder.file + "2");
  CHECK(file->check_unchanged().ok());
  std::ofstream(folder.file + "2") << "new";
  std::filesystem::last_write_time(folder.file + "2",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  CHECK(!file->check_unchanged().ok());
}

TEST_CASE("a text file is read whole, up to a limit") {
  const Folder folder;
  std::ofstream(folder.file) << "some text";
  CHECK(*read_text_file(folder.file, 9) == "some text");
  CHECK(read_text_file(folder.file, 8).error().sentence == folder.file + " has 9 bytes, expected at most 8");
  CHECK(read_text_file(folder.file + "2", 8).error().code == ErrorCode::io);
}

TEST_CASE("a file never gets a descriptor of standard input, output or error") {
  const Folder folder;
  std::ofstream(folder.file) << "text";
  const int kept = ::dup(0);
  ::close(0);
  const auto file = InputFile::open(folder.file);
  const int free = ::dup(kept);  // the lowest free descriptor, which the file could have had
  ::close(kept);
  CHECK(free == 0);
  REQUIRE(file.ok());
  CHECK(file->descriptor() > 2);
}
