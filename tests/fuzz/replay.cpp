// Replaces libFuzzer where a fuzz target runs as an ordinary test: runs every file of the folders named on the command
// line, once, in order of name. An input that fails ends the program, as it would under libFuzzer; the name of the
// current file was printed before.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], error)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const std::filesystem::path& path : files) {
      std::ifstream file(path, std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      std::printf("%s, %zu bytes\n", path.c_str(), bytes.size());
      std::fflush(stdout);
      // An exact copy on the heap, so that a sanitizer sees a read past the input's end. Empty inputs have no bytes.
      const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
      LLVMFuzzerTestOneInput(input.data(), input.size());
      ++count;
    }
  }
  std::printf("%zu inputs replayed\n", count);
  if (count == 0) std::printf("no corpus: a fuzz target needs seeds in tests/fuzz/corpus/<name>/\n");
  return count == 0 ? 1 : 0;
}
