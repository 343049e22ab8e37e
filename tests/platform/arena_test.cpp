#include "platform/arena.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <vector>

#include "platform/linux/system_text.hpp"

using namespace brim;

namespace {

constexpr std::size_t kMib = std::size_t{1} << 20;

std::uint64_t status_bytes(const char* name) {
  return named_number(read_text("/proc/self/status").value_or(""), name).value_or(0) * 1024;
}

// Runs `work` in a child process, so that its limits end with it; the child's exit code, or 128 + its signal.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// 0: created and usable. 1: refused, and the sentence names `limiting` and both figures. 2: refused in another way.
int try_arena(std::size_t bytes, const std::string& limiting) {
  auto arena = Arena::create(bytes);
  if (arena) {
    const auto part = arena->take(bytes);
    std::fill(part.begin(), part.end(), std::byte{1});
    return part.size() == bytes ? 0 : 3;
  }
  const std::string& text = arena.error().sentence;
  const bool named =
      text.find("limited by " + limiting) != std::string::npos && text.find("available") != std::string::npos;
  return arena.error().code == ErrorCode::out_of_memory && named ? 1 : 2;
}

// The same under a resource limit `room` bytes above what the process holds now.
int try_arena_with(int resource, const char* used, const std::string& name, std::size_t room, std::size_t bytes) {
  return in_child([&] {
    const std::uint64_t limit = status_bytes(used) + room;
    const struct rlimit value { limit, limit };
    if (::setrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &value) != 0) return 4;
    return try_arena(bytes, name);
  });
}

}  // namespace

TEST_CASE("every page is resident where an owner touched it, and no other; the ends are the arena's own") {
  constexpr std::size_t kSize = 8 * kMib;
  auto arena = Arena::create(kSize, "a test", Arena::Touch::by_owner);
  REQUIRE(arena);
  const auto whole = arena->take(kSize);
  const auto page = static_cast<std::size_t>(::getpagesize());
  const auto resident = [&] {
    std::vector<unsigned char> pages(kSize / page);
    REQUIRE(::mincore(whole.data(), kSize, pages.data()) == 0);
    return std::count_if(pages.begin(), pages.end(), [](unsigned char one) { return (one & 1) != 0; });
  };
  CHECK(resident() == 0);
  CHECK(arena->touch(kSize - 100, 2 * kSize) == 0);
  const auto last = resident();
  CHECK(last >= 1);
  CHECK(arena->touch(3 * kSize, 1) == 0);
  CHECK(resident() == last);
  for (std::size_t at = 0; at < kSize; at += kMib) CHECK(arena->touch(at + 1, kMib) == 0);
  CHECK(resident() == static_cast<std::ptrdiff_t>(kSize / page));
}

TEST_CASE("an arena is zero, aligned, disjoint and ends where it said") {
  auto created = Arena::create(3 * 4096 + 1);
  REQUIRE(created.ok());
  Arena arena = std::move(created).value();
  CHECK(arena.size() == 4 * 4096);
  CHECK(arena.used() == 0);
  const auto first = arena.take(100), second = arena.take(1), third = arena.take(64);
  for (const auto part : {first, second, third}) {
    CHECK(reinterpret_cast<std::uintptr_t>(part.data()) % 64 == 0);
    CHECK(std::all_of(part.begin(), part.end(), [](std::byte byte) { return byte == std::byte{0}; }));
  }
  CHECK(second.data() == first.data() + 128);
  CHECK(third.data() == second.data() + 64);
  CHECK(arena.used() == 256);
  CHECK(arena.take(arena.size()).empty());
  CHECK(arena.take(std::numeric_limits<std::size_t>::max()).empty());
  CHECK(arena.used() == 256);
  CHECK(arena.take(arena.size() - 256).size() == arena.size() - 256);
  CHECK(arena.take(1).empty());
  CHECK(Arena::create(0)->size() == 0);
}

TEST_CASE("an arena moves with what it handed out") {
  Arena arena = Arena::create(4096).value();
  const auto part = arena.take(10);
  Arena other = std::move(arena);
  CHECK(arena.size() == 0);
  CHECK(arena.take(1).empty());
  part[0] = std::byte{7};
  Arena third;
  third = std::move(other);
  CHECK(third.used() == 10);
  CHECK(part[0] == std::byte{7});
}

TEST_CASE("every page is resident from the start, and not one more") {
  for (const std::size_t size : {kMib, 64 * kMib}) {
    const std::uint64_t before = status_bytes("VmRSS:");
    const auto arena = Arena::create(size);
    REQUIRE(arena.ok());
    const std::uint64_t after = status_bytes("VmRSS:");
    CHECK(after - before <= size + kMib);
    Arena whole = std::move(const_cast<Arena&>(arena.value()));
    std::vector<unsigned char> resident(size / 4096);
    REQUIRE(::mincore(whole.take(size).data(), size, resident.data()) == 0);
    CHECK(std::all_of(resident.begin(), resident.end(), [](unsigned char flag) { return (flag & 1) != 0; }));
  }
}

TEST_CASE("sizes no machine has are refused with the numbers") {
  const auto refused = Arena::create(std::size_t{1} << 50);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::out_of_memory);
  CHECK(refused.error().sentence.find("a session needs 1.00 PiB of memory") == 0);
  CHECK_FALSE(Arena::create(std::numeric_limits<std::size_t>::max()).ok());
  CHECK_FALSE(Arena::create(std::numeric_limits<std::size_t>::max() - 4095).ok());
}

TEST_CASE("under RLIMIT_DATA and RLIMIT_AS: too much is refused, enough works") {
  CHECK(try_arena_with(RLIMIT_DATA, "VmData:", "RLIMIT_DATA", 32 * kMib, 64 * kMib) == 1);
  CHECK(try_arena_with(RLIMIT_DATA, "VmData:", "RLIMIT_DATA", 64 * kMib, 32 * kMib) == 0);
  CHECK(try_arena_with(RLIMIT_AS, "VmSize:", "RLIMIT_AS", 32 * kMib, 64 * kMib) == 1);
  CHECK(try_arena_with(RLIMIT_AS, "VmSize:", "RLIMIT_AS", 64 * kMib, 32 * kMib) == 0);
}

TEST_CASE("in a real control group, where this process may make one") {
  namespace fs = std::filesystem;
  const fs::path group = "/sys/fs/cgroup/memory/brim-arena-test-" + std::to_string(::getpid());
  std::error_code failure;
  if (!fs::create_directory(group, failure)) {
    MESSAGE("no control group can be made here");
    return;
  }
  const int too_much = in_child([&] {
    std::ofstream(group / "memory.limit_in_bytes") << 64 * kMib << std::flush;
    std::ofstream(group / "cgroup.procs") << ::getpid() << std::flush;
    return try_arena(128 * kMib, "cgroup /brim-arena-test-");
  });
  const int enough = in_child([&] {
    std::ofstream(group / "cgroup.procs") << ::getpid() << std::flush;
    return try_arena(32 * kMib, "");
  });
  CHECK(too_much == 1);
  CHECK(enough == 0);
  fs::remove(group, failure);
}
