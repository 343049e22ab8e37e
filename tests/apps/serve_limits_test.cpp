// What bounds `brim serve`: how many connections an address gets, what everything takes, and which models there are.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "apps/commands.hpp"
#include "apps/serve/memory_plan.hpp"
#include "apps/serve/model_names.hpp"
#include "apps/serve/models.hpp"
#include "apps/serve/peers.hpp"
#include "tests/support/scratch_folder.hpp"

namespace serve_limits {

using namespace brim::apps::serve;

std::string peer(const std::vector<unsigned char>& bytes) { return peer_name(bytes); }

std::vector<unsigned char> ipv6(std::vector<unsigned char> first, unsigned char last) {
  first.resize(16, 0);
  first[15] = last;
  return first;
}

/// The sentence of the failure that `work` ends with; "": none.
template <class Work>
std::string failure_of(Work work) {
  try {
    work();
  } catch (const brim::apps::Failure& failure) {
    CHECK(failure.code == 2);
    return failure.what();
  }
  return "";
}

ModelNeeds needs(const std::string& id, std::int64_t seats, std::int64_t kv, bool automatic) {
  ModelNeeds model;
  model.id = id;
  model.seats = seats;
  model.weight_bytes = 1000;
  model.scratch_bytes = 10;
  model.kv_bytes = kv;
  model.kv_min_bytes = 50;
  model.automatic = automatic;
  return model;
}

}  // namespace serve_limits

using namespace serve_limits;

TEST_CASE("connections count by address, and by network where a customer gets a whole one") {
  CHECK(peer({10, 0, 0, 1}) != peer({10, 0, 0, 2}));
  CHECK(peer({10, 0, 0, 1}) == peer({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}));
  const std::vector<unsigned char> network = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1};
  CHECK(peer(ipv6(network, 1)) == peer(ipv6(network, 2)));
  CHECK(peer(ipv6(network, 1)) != peer(ipv6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 2}, 1)));
  CHECK(peer({1, 2, 3}) == "");
  CHECK(max_connections(peer({10, 0, 0, 1})) == kMaxOfAddress);
  CHECK(max_connections(peer(ipv6(network, 1))) == kMaxOfAddress);
  CHECK(max_connections(peer({127, 0, 0, 2})) == kMaxConnections - kMaxOfAddress);
  CHECK(max_connections(peer(ipv6({}, 1))) == kMaxConnections - kMaxOfAddress);
  CHECK(max_connections("") == kMaxConnections);
  CHECK(too_many_connections().status == 503);
  CHECK(too_many_connections().later);
}

TEST_CASE("automatic budgets share what is left, and never more than that") {
  std::vector<ModelNeeds> models = {needs("a", 4, 1000, true), needs("b", 2, 500, true), needs("c", 1, 300, false)};
  const std::int64_t fixed = 3 * 1000 + 7 * 10 + 300 + 100;
  fit_budgets(models, 100, fixed + 5000);  // just enough
  CHECK(models[0].kv_bytes == 1000);
  CHECK(models[1].kv_bytes == 500);
  fit_budgets(models, 100, fixed + 2500);
  CHECK(models[0].kv_bytes >= 499);
  CHECK(models[0].kv_bytes <= 500);
  CHECK(models[1].kv_bytes >= 249);
  CHECK(models[1].kv_bytes <= 250);
  CHECK(models[2].kv_bytes == 300);
  CHECK(memory_plan(models, 100).total() <= fixed + 2500);
  fit_budgets(models, 100, 0);
  CHECK(models[0].kv_bytes == 50);
  CHECK(models[1].kv_bytes == 50);
  CHECK(models[2].kv_bytes == 300);
}

TEST_CASE("a plan beyond --memory is refused with both numbers and its largest share") {
  const MemoryPlan plan = memory_plan({needs("a", 2, 2048, false)}, 100);
  CHECK(plan.total() == 1000 + 2 * 2048 + 2 * 10 + 100);
  CHECK(failure_of([&] { check_memory(plan, plan.total()); }) == "");
  const std::string sentence = failure_of([&] { check_memory(plan, plan.total() - 1); });
  CHECK(sentence.find("(5216 bytes)") != std::string::npos);
  CHECK(sentence.find("(5215 bytes)") != std::string::npos);
  CHECK(sentence.find("KV memory for 2 seats of 'a'") != std::string::npos);
  CHECK(sentence.find("(4096 bytes)") != std::string::npos);
  ServerSettings settings;
  const std::int64_t usual = http_bytes(settings, 4);
  CHECK(http_bytes(settings, 5) == usual + (std::int64_t{1} << 20));
  CHECK(usual >= 8 * static_cast<std::int64_t>(settings.body_limit));
  settings.body_limit = 1024;
  CHECK(http_bytes(settings, 4) < usual / 2);
}

TEST_CASE("models have their file's name or another one, each once") {
  const brim::test::ScratchFolder folder;
  const std::string file_path = folder.path + "/one.gguf", odd = folder.path + "/a=b.gguf";
  folder.write("one.gguf", "x");
  folder.write("a=b.gguf", "x");
  const std::vector<NamedFile> files = named_files({file_path, "org/two:q4=" + file_path, odd});
  REQUIRE(files.size() == 3);
  CHECK(files[0].name == "one");
  CHECK(files[1].name == "org/two:q4");
  CHECK(files[1].path == file_path);
  CHECK(files[2].name == "a=b");
  CHECK(files[2].path == odd);
  CHECK(names_of(files) == "'one', 'org/two:q4', 'a=b'");
  const auto refused_with = [](const std::vector<std::string>& texts, const std::string& words) {
    const std::string sentence = failure_of([&] { (void)named_files(texts); });
    CAPTURE(sentence);
    CHECK(sentence.find(words) != std::string::npos);
  };
  refused_with({file_path, file_path}, "two models are named 'one'");
  refused_with({"=" + file_path}, "expected a name");
  refused_with({"a b=" + file_path}, "expected a name");
  refused_with({"a="}, "expected a file after the '='");
  refused_with({"a=" + file_path + "x"}, "there is no file");
  refused_with({file_path + "x"}, "there is no file");
}

TEST_CASE("the model that a body names is found without its other members") {
  CHECK(named_model(R"({"messages": [{"model": "inside"}], "model": "a"})") == "a");
  CHECK(named_model(R"({"model": "a", "model": "b"})") == "b");  // as the parser takes it
  CHECK(named_model(R"({"model": ["a"], "other": "b"})") == "");
  CHECK(named_model(R"({"model": {"model": "a"}})") == "");
  CHECK(named_model(R"({"model": 5, "x": "a"})") == "");
  CHECK(named_model(R"(["model", "a"])") == "");
  CHECK(named_model(R"({"model": "a")") == "");
  CHECK(named_model("") == "");
  CHECK(named_model(R"({"model": "a", "name": "b"})", "name") == "b");
  CHECK(named_model(std::string(1 << 20, '[')) == "");
}
