// The entry point of every test program, and the rule for missing reference data: a program that did not find a file of
// ../shared that it needs exits with 77, which ctest reports as skipped, never as passed.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "tests/support/shared_data.hpp"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int failed = context.run();
  if (context.shouldExit()) return failed;
  return brim::test::report_skipped(failed);
}
