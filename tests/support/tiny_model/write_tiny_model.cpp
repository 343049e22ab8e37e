// write_tiny_model OUT.gguf [nan]: the tiny model as a file, for the tests that run the brim command; with "nan" one whose norms
// are NaN, as damaged files have them.
#include <cstdio>
#include <exception>
#include <limits>
#include <string_view>

#include "tests/support/tiny_model.hpp"

int main(int argc, char** argv) {
  brim::test::TinyModel model;
  const bool damaged = argc == 3 && std::string_view(argv[2]) == "nan";
  if (argc != 2 && !damaged) {
    std::fprintf(stderr, "usage: write_tiny_model OUT.gguf [nan]\n");
    return 2;
  }
  if (damaged) model.norm = std::numeric_limits<float>::quiet_NaN();
  try {
    brim::test::write_tiny_model(argv[1], model);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "write_tiny_model: %s\n", failure.what());
    return 1;
  }
  return 0;
}
