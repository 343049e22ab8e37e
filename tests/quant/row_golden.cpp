// Unpacking and packing compared with rows that ggml packed: unpacking must agree exactly, packing must not lose more.
#include "quant/row.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/shared_data.hpp"

namespace {

using namespace brim::quant;

std::vector<std::byte> read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  std::vector<std::byte> bytes(static_cast<std::size_t>(stream.tellg()));
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

std::vector<float> floats(const std::vector<std::byte>& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

double root_mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

/// Compares the rows of one manifest; returns their number of formats.
int compare_rows(const std::string& manifest_path) {
  const std::string folder = manifest_path.substr(0, manifest_path.rfind('/') + 1);
  const nlohmann::json manifest = nlohmann::json::parse(std::ifstream(manifest_path));
  const std::vector<float> source = floats(read(folder + manifest["source"].get<std::string>()));
  const std::int64_t rows = manifest["rows"], cols = manifest["cols"];
  REQUIRE(source.size() == static_cast<std::size_t>(rows * cols));

  int seen = 0;
  for (const nlohmann::json& entry : manifest["formats"]) {
    const std::string name = entry["type"];
    CAPTURE(name);
    const auto format = format_from_name(name);
    REQUIRE(format);
    CHECK(info(*format).gguf_id == entry["ggml_type_id"].get<std::uint32_t>());
    CHECK(info(*format).block_length == entry["block_size"].get<int>());
    CHECK(info(*format).block_bytes == entry["block_bytes"].get<int>());
    const std::vector<std::byte> packed = read(folder + entry["quantised"].get<std::string>());
    const std::vector<float> expected = floats(read(folder + entry["dequantised"].get<std::string>()));
    REQUIRE(packed.size() == row_bytes(*format, cols) * static_cast<std::size_t>(rows));

    std::vector<float> unpacked(source.size());
    unpack_row(*format, packed.data(), unpacked.data(), rows * cols);
    CHECK(std::memcmp(unpacked.data(), expected.data(), unpacked.size() * sizeof(float)) == 0);
    ++seen;
    if (!can_pack(*format)) continue;

    std::vector<std::byte> mine(packed.size());
    pack_row(*format, source.data(), mine.data(), rows * cols);
    unpack_row(*format, mine.data(), unpacked.data(), rows * cols);
    const double theirs = root_mean_square(source, expected);
    const double ours = root_mean_square(source, unpacked);
    MESSAGE(name << ": rms error " << ours << ", ggml's " << theirs << ", ratio " << ours / theirs);
    CHECK(ours <= theirs * 1.03);
  }
  return seen;
}

}  // namespace

TEST_CASE("rows packed by ggml unpack to ggml's values, and packing is as good as ggml's") {
  int seen = 0;
  for (const char* round : {"golden", "golden2"}) {
    const std::string path = brim::test::shared_file(std::string(round) + "/quant/dequant/manifest.json");
    if (path.empty()) return;
    seen += compare_rows(path);
  }
  CHECK(seen == kFormatCount - 1);  // F32 needs no golden
}
