// A thousand random inputs for api_fuzz.cpp, as an ordinary test. If the program ends early, the number of the current
// input is on the screen.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// First the most common way to a session (options, a model, a session), so that most calls find one; then anything.
int main(int count, char** arguments) {
  const unsigned sequences = count > 1 ? static_cast<unsigned>(std::strtoul(arguments[1], nullptr, 10)) : 1000;
  for (unsigned seed = 0; seed < sequences; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::uint8_t> input;
    if (seed % 8 != 0) {
      input = {0, 0, 0, 0, 1, 0, 5, 0, 0, 1, 1, 0, 0};
      for (unsigned pairs = random() % 3; pairs > 0; --pairs) {
        input.insert(input.end(), {2, 1, 0, static_cast<std::uint8_t>(random()), 1});
      }
      input.insert(input.end(), {12, 0, 0, 1, 0, 0, 12, 1, 0, 1, 0, 1});
    }
    for (unsigned length = 200 + random() % 600; length > 0; --length)
      input.push_back(static_cast<std::uint8_t>(random()));
    std::printf("\rsequence %u", seed);
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("\n");
  return 0;
}
