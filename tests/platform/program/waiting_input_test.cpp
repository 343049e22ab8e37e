// What descriptors have to read, and waiting for it.
#include "platform/program/waiting_input.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <initializer_list>

using namespace brim::platform;

namespace {

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() { REQUIRE(::pipe(ends) == 0); }
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  void write(const char* byte) { REQUIRE(::write(ends[1], byte, 1) == 1); }
  void close_writer() {
    ::close(ends[1]);
    ends[1] = -1;
  }
};

}  // namespace

TEST_CASE("what kind of input a descriptor is") {
  Pipe pipe;
  int sockets[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  const int folder = ::open("/", O_RDONLY), device = ::open("/dev/null", O_RDONLY);
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  CHECK(input_kind(pipe.ends[0]) == InputKind::pipe);
  CHECK(input_kind(sockets[0]) == InputKind::socket);
  CHECK(input_kind(folder) == InputKind::folder);
  CHECK(input_kind(device) == InputKind::device);
  CHECK(input_kind(::fileno(file)) == InputKind::file);
  CHECK(input_kind(-1) == InputKind::none);
  CHECK_FALSE(holds_bytes(device, 0));
  CHECK_FALSE(holds_bytes(::fileno(file), 0));
  std::fputs("text", file);
  std::fflush(file);
  std::rewind(file);
  CHECK(holds_bytes(::fileno(file), 0));
  std::fclose(file);
  for (const int descriptor : {sockets[0], sockets[1], folder, device}) ::close(descriptor);
}

TEST_CASE("a pipe holds bytes once there are some, and none at its end") {
  Pipe pipe;
  CHECK_FALSE(holds_bytes(pipe.ends[0], 0));
  pipe.write("a");
  CHECK(holds_bytes(pipe.ends[0], 0));
  char byte = 0;
  REQUIRE(::read(pipe.ends[0], &byte, 1) == 1);
  pipe.close_writer();
  CHECK_FALSE(holds_bytes(pipe.ends[0], 0));
}

TEST_CASE("waiting for two tells which, and ends when the time is over") {
  Pipe first, second;
  Waited waited = wait_for_input(first.ends[0], second.ends[0], 0);
  CHECK_FALSE((waited.failure != 0 || waited.first || waited.second));
  second.write("a");
  waited = wait_for_input(first.ends[0], second.ends[0], -1);
  CHECK(waited.second);
  CHECK_FALSE(waited.first);
  first.close_writer();  // the end of input is something to read too
  CHECK(wait_for_input(first.ends[0], -1, -1).first);
}
