// Other programs, and this one.
#include "platform/program/processes.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

using namespace brim::platform;

TEST_CASE("a program is found where the shell finds it, and tells its exit code") {
  CHECK(can_run("sh"));
  CHECK_FALSE(can_run("brim-missing-program"));
  CHECK(run_program({"sh", "-c", "exit 0"}) == 0);
  CHECK(run_program({"sh", "-c", "exit 7"}) == 7);
  CHECK(run_program({"sh", "-c", "kill -9 $$"}) == -1);
  CHECK(run_program({"brim-missing-program"}) != 0);
}

TEST_CASE("the environment is handed on, and replaced only when asked") {
  set_environment("BRIM_PROCESSES_TEST", "first", false);
  set_environment("BRIM_PROCESSES_TEST", "second", false);
  CHECK(run_program({"sh", "-c", "test $BRIM_PROCESSES_TEST = first"}) == 0);
  set_environment("BRIM_PROCESSES_TEST", "second", true);
  CHECK(run_program({"sh", "-c", "test $BRIM_PROCESSES_TEST = second"}) == 0);
  ::unsetenv("BRIM_PROCESSES_TEST");
}

TEST_CASE("this program has a path") { CHECK(std::filesystem::is_regular_file(this_program())); }
