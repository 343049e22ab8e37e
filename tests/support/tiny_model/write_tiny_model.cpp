// write_tiny_model OUT.gguf: the tiny model as a file, for the tests that run the brim command.
#include <cstdio>
#include <exception>

#include "tests/support/tiny_model.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_tiny_model OUT.gguf\n");
    return 2;
  }
  try {
    brim::test::write_tiny_model(argv[1], {});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "write_tiny_model: %s\n", failure.what());
    return 1;
  }
  return 0;
}
