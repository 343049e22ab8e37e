// The recorded malformed files: faults that can be detected without knowing models must be refused by the GGUF parser;
// it may accept the others, which the model loader's test covers.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/io/gguf.hpp"
#include "tests/support/shared_data.hpp"

using namespace brim;

TEST_CASE("recorded malformed files are refused, and valid ones are not") {
  const std::string manifest = test::shared_file("golden/malformed/manifest.json");
  if (manifest.empty()) return;
  // Classes that can only be judged with knowledge of the architecture.
  const std::set<std::string> for_the_model = {"missing", "hparams", "vocab", "shape", "values"};
  const auto cases = nlohmann::json::parse(std::ifstream(manifest));
  int refused = 0;
  for (const auto& item : cases) {
    const std::string name = item["file"];
    CAPTURE(name);
    const std::string path = test::shared_file("golden/malformed/" + name);
    if (path.empty()) continue;
    const auto opened = io::Gguf::open(path);
    if (opened) {
      const bool may_pass = item["expect"] != "reject" || for_the_model.count(item["cls"]) != 0;
      CHECK(may_pass);
      continue;
    }
    MESSAGE(opened.error().sentence);
    ++refused;
    CHECK(item["expect"] != "accept");
    CHECK(opened.error().sentence.find(name) != std::string::npos);
    CHECK(std::count(opened.error().sentence.begin(), opened.error().sentence.end(), '\n') == 0);
    const bool about_file = opened.error().code == ErrorCode::bad_file || opened.error().code == ErrorCode::unsupported;
    CHECK(about_file);
  }
  CHECK(refused >= 30);
}
