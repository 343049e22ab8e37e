// Files that appear whole or not at all; files that already have the name, files that killed programs leave next to it,
// and what the system refuses.
#include "platform/new_file.hpp"

#include <doctest/doctest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "platform/linux/open_descriptor.hpp"
#include "platform/linux/stale_files.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace brim;
using test::file_content;
using Permissions = NewFile::Permissions;

namespace {

struct Folder : test::ScratchFolder {
  std::string file = path + "/file";
  long files() const { return std::distance(std::filesystem::directory_iterator(path), {}); }
};

unsigned mode_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

/// The function that runs in a child process, which ends by itself.
template <class Body>
int exit_status(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("a file appears whole, replaces the older one, and leaves nothing beside it") {
  const Folder folder;
  REQUIRE(write_new_file(folder.file, "older and longer", Permissions::owner));
  REQUIRE(write_new_file(folder.file, "newer", Permissions::owner));
  CHECK(file_content(folder.file) == "newer");
  {
    auto given_up = NewFile::create(folder.file, Permissions::owner);
    REQUIRE(given_up.ok());
    REQUIRE(given_up->write("half"));
    CHECK(file_content(folder.file) == "newer");
  }
  CHECK(file_content(folder.file) == "newer");
  CHECK(folder.files() == 1);
  CHECK(write_new_file(folder.path + "/none/file", "text", Permissions::owner).error().code == ErrorCode::io);
}

TEST_CASE("two write the same file at once: each is whole, the last to publish stays") {
  const Folder folder;
  auto first = NewFile::create(folder.file, Permissions::owner),
       second = NewFile::create(folder.file, Permissions::owner);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  REQUIRE(second->write("second"));
  REQUIRE(first->write("first"));
  REQUIRE(second->publish());
  CHECK(file_content(folder.file) == "second");
  REQUIRE(first->publish());
  CHECK(file_content(folder.file) == "first");
  CHECK(folder.files() == 1);
}

TEST_CASE("pieces may be written at any place and read back") {
  const Folder folder;
  auto file = NewFile::create(folder.file, Permissions::owner);
  REQUIRE(file.ok());
  const std::string text = "bytes";
  REQUIRE(!file->try_write_at(7, std::as_bytes(std::span(text))));
  REQUIRE(!file->try_write_at(0, std::as_bytes(std::span("twelve ", 7))));
  CHECK(file->descriptor() > 2);
  REQUIRE(file->publish_as(folder.file + "2"));
  CHECK(file_content(folder.file + "2") == "twelve bytes");
  CHECK(folder.files() == 1);
}

TEST_CASE("who may read it: its owner alone, or whoever could read the file before") {
  const Folder folder;
  const mode_t umask_before = ::umask(027);
  REQUIRE(write_new_file(folder.file, "said", Permissions::owner));
  CHECK(mode_of(folder.file) == 0600);
  REQUIRE(write_new_file(folder.file + "2", "weights", Permissions::usual));
  CHECK(mode_of(folder.file + "2") == 0640);
  ::chmod((folder.file + "2").c_str(), 0644);
  REQUIRE(write_new_file(folder.file + "2", "weights again", Permissions::usual));
  CHECK(mode_of(folder.file + "2") == 0644);
  ::chmod(folder.file.c_str(), 0644);
  REQUIRE(write_new_file(folder.file, "said again", Permissions::owner));
  CHECK(mode_of(folder.file) == 0600);
  ::umask(umask_before);
}

TEST_CASE("what stands beside the name is not touched, whatever it is called") {
  const Folder folder;
  const std::string other = folder.path + "/other";
  std::ofstream(other) << "precious";
  std::filesystem::create_hard_link(other, folder.file + ".part");
  std::filesystem::create_symlink(other, folder.file + ".new");
  REQUIRE(::mkfifo((folder.file + ".part-1-0").c_str(), 0666) == 0);
  std::filesystem::create_symlink(other, folder.file + ".part-1-1");
  std::filesystem::create_hard_link(other, folder.file + ".part-1-2");
  std::ofstream(folder.file + ".part-of-the-story") << "mine";
  const long before = folder.files();
  REQUIRE(write_new_file(folder.file, "text", Permissions::owner));
  CHECK(file_content(folder.file) == "text");
  CHECK(file_content(other) == "precious");
  CHECK(folder.files() == before + 1);
}

TEST_CASE("a link is followed, also to a file that is not there yet; the link stays") {
  const Folder folder;
  std::filesystem::create_symlink("target", folder.file);
  for (const char* text : {"first", "second"}) {
    REQUIRE(write_new_file(folder.file, text, Permissions::owner));
    CHECK(std::filesystem::is_symlink(folder.file));
    CHECK(file_content(folder.path + "/target") == text);
  }
  CHECK(folder.files() == 2);
  std::filesystem::create_symlink("nowhere/target", folder.path + "/dangling");
  REQUIRE(write_new_file(folder.path + "/dangling", "text", Permissions::owner));
  CHECK(!std::filesystem::is_symlink(folder.path + "/dangling"));
  std::filesystem::create_symlink("loop", folder.path + "/loop");
  CHECK(write_new_file(folder.path + "/loop", "text", Permissions::owner).error().code == ErrorCode::io);
}

TEST_CASE("a link of /proc to a deleted file is refused, and none with its old name appears") {
  const Folder folder;
  const int descriptor = ::open(folder.file.c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(descriptor >= 0);
  std::filesystem::remove(folder.file);
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (std::filesystem::is_symlink(path)) {
    const Status status = write_new_file(path, "text", Permissions::owner);
    CHECK(status.error().code == ErrorCode::invalid_argument);
    CHECK(status.error().sentence.find("was deleted") != std::string::npos);
    CHECK(folder.files() == 0);
  }
  ::close(descriptor);
}

TEST_CASE("a hard link is replaced and not written through; pipes, folders and devices are refused") {
  const Folder folder;
  std::ofstream(folder.path + "/other") << "precious";
  std::filesystem::create_hard_link(folder.path + "/other", folder.file);
  REQUIRE(write_new_file(folder.file, "text", Permissions::owner));
  CHECK(file_content(folder.path + "/other") == "precious");
  REQUIRE(::mkfifo((folder.file + "-pipe").c_str(), 0600) == 0);
  for (const std::string& path : {folder.file + "-pipe", folder.path, std::string("/dev/null")}) {
    const Status refused = write_new_file(path, "text", Permissions::owner);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().sentence == path + " is not a regular file, so it cannot be replaced: name another file");
  }
}

TEST_CASE("temporary files of processes that are gone are removed by the next writer, those of living ones stay") {
  const Folder folder;
  const std::string dead = folder.file + ".part-4242-7", living = folder.file + ".part-4242-8",
                    other = folder.path + "/fi.part-1-1", users = folder.file + ".part-4242-9";
  for (const std::string& path : {dead, living, other, users}) {
    std::ofstream(path) << "half";
    REQUIRE(::chmod(path.c_str(), path == users ? 0600 : 0600 | kTemporaryMark) == 0);
  }
  const Descriptor lock = open_descriptor(living, 0);
  REQUIRE(::flock(lock.number(), LOCK_EX | LOCK_NB) == 0);
  REQUIRE(write_new_file(folder.file, "text", Permissions::owner));
  CHECK(!std::filesystem::exists(dead));
  CHECK(std::filesystem::exists(living));
  CHECK(std::filesystem::exists(other));
  CHECK(std::filesystem::exists(users));  // a name alone does not make a file temporary
}

TEST_CASE("a process that is killed while it writes leaves nothing that stays") {
  const Folder folder;
  REQUIRE(write_new_file(folder.file, "old", Permissions::owner));
  exit_status([&] {
    auto file = NewFile::create(folder.file, Permissions::owner);
    if (!file || !file->write("half")) return 1;
    return ::raise(SIGKILL);
  });
  CHECK(file_content(folder.file) == "old");
  REQUIRE(write_new_file(folder.file, "new", Permissions::owner));
  CHECK(folder.files() == 1);
}

TEST_CASE("a file larger than the process may write is an error with both sizes, and no signal comes") {
  const Folder folder;
  const int status = exit_status([&] {
    const rlimit limit{100, 100};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const Status refused = write_new_file(folder.file, std::string(101, 'x'), Permissions::owner);
    const bool right =
        !refused && refused.error().code == ErrorCode::io &&
        refused.error().sentence ==
            "cannot write " + folder.file +
                ": it would have at least 101 bytes, but this process may write files of at most 100 bytes "
                "(RLIMIT_FSIZE; see ulimit -f)";
    return right && write_new_file(folder.file, std::string(100, 'x'), Permissions::owner) ? 0 : 1;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(folder.files() == 1);
}

TEST_CASE("a long name has a temporary file too") {
  const Folder folder;
  const std::string path = folder.path + "/" + std::string(255, 'n');
  REQUIRE(write_new_file(path, "text", Permissions::owner));
  CHECK(file_content(path) == "text");
  CHECK(temporary_prefix(path).size() < folder.path.size() + 240);
  CHECK(write_new_file(path + "n", "text", Permissions::owner).error().code == ErrorCode::io);
}

TEST_CASE("a new file never gets a descriptor of standard input, output or error") {
  const Folder folder;
  const int kept = ::dup(0);
  ::close(0);
  const auto file = NewFile::create(folder.file, Permissions::owner);
  const int free = ::dup(kept);
  ::close(kept);
  CHECK(free == 0);
  REQUIRE(file.ok());
  CHECK(file->descriptor() > 2);
}
