// Profiles: written and read back; bound to their model; every fault is one sentence and never a crash.
#include "engine/model/profile_file.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "engine/io/gguf_writer.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

using brim::ErrorCode;
using brim::model::carried_profile;
using brim::model::fingerprint;
using brim::model::parse_profile;
using brim::model::profile_owner;
using brim::model::ProfileFile;
using brim::model::read_profile;
using brim::model::to_json;

namespace {

ProfileFile sample(std::size_t layers, const std::string& print) {
  ProfileFile file;
  file.model_name = "tiny";
  file.architecture = "llama";
  file.fingerprint = print;
  file.keep = "window";
  file.context = 256;
  file.continuation = 64;
  file.windows = 2;
  file.chunk = 16;
  file.text = "fnv1a-1";
  file.spearman = -0.25;
  file.profile.equal_layers_p = 0.5;
  for (std::size_t i = 0; i < layers; ++i) {
    brim::kv::LayerProfile layer;
    layer.loss = {0, 0.125, 0.25, 0.1, 1.0 / 3};
    layer.prunable = 1 + static_cast<double>(i);
    file.profile.layers.push_back(layer);
    file.nll.push_back(layer);
    file.infonce.push_back(2.5);
  }
  return file;
}

/// A separate file that is removed with the object.
struct Scratch {
  brim::test::ScratchFolder folder;
  std::string path = folder.path + "/file";
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

/// A copy of a model with other metadata under `key`.
void copy_with(const std::string& from, const std::string& to, const std::string& key, const std::string& value) {
  auto model = brim::io::Gguf::open(from);
  REQUIRE(model.ok());
  brim::io::GgufWriter writer;
  for (const auto& entry : model->metadata()) writer.set(entry.key, entry.value);
  writer.set_string(key, value);
  for (const auto& tensor : model->tensors()) {
    writer.add_tensor(tensor.name, tensor.format, {tensor.shape, static_cast<std::size_t>(tensor.dimensions)});
  }
  REQUIRE(writer.begin(to).ok());
  for (const auto& tensor : model->tensors()) REQUIRE(writer.write(*model->read(tensor.data)).ok());
  REQUIRE(writer.finish().ok());
}

}  // namespace

TEST_CASE("a profile comes back from its text as it was") {
  const ProfileFile file = sample(3, "fnv1a-2");
  const auto back = parse_profile(to_json(file), "p.json");
  REQUIRE(back.ok());
  CHECK(to_json(*back) == to_json(file));
  CHECK(back->profile.layers[2].loss == file.profile.layers[2].loss);
  CHECK(back->profile.layers[2].prunable == 3);
}

TEST_CASE("faults of a profile: a sentence that names the file and the place") {
  const std::string good = to_json(sample(2, "fnv1a-2"));
  const auto complaint = [](const std::string& text) {
    const auto parsed = parse_profile(text, "p.json");
    CHECK(!parsed.ok());
    if (parsed.ok()) return std::string();
    CHECK(parsed.error().code == ErrorCode::bad_file);
    CHECK(parsed.error().sentence.find("p.json") == 0);
    CHECK(parsed.error().sentence.find('\n') == std::string::npos);
    return parsed.error().sentence;
  };
  complaint("");
  complaint("[]");
  complaint("{");
  complaint(std::string(100000, '['));
  CHECK(complaint(std::string(brim::model::kLargestProfile + 1, ' ')).find("at most") != std::string::npos);
  CHECK(complaint(replaced(good, "\"brim_kv_profile\": 1", "\"brim_kv_profile\": 3")).find("version 1 to 2") !=
        std::string::npos);
  CHECK(complaint(replaced(good, "\"kl\"", "\"\\u001b[2J\"")).find('\x1b') == std::string::npos);
  CHECK(complaint(replaced(good, "\"prunable\": 1", "\"prunable\": 0")).find("layer 0: prunable") != std::string::npos);
  CHECK(complaint(replaced(good, "0.125", "1e300")).find("layer 0: loss") ==
        std::string::npos);  // a fraction is found first
  CHECK(complaint(replaced(good, "0.1,", "null,")).find("finite numbers") != std::string::npos);
  complaint(replaced(good, "0.1,", "1e999,"));
  complaint(replaced(good, "\"layers\": [", "\"layers\": 7, \"other\": ["));
  complaint(replaced(good, "\"fingerprint\": \"fnv1a-2\"", "\"fingerprint\": 2"));
}

TEST_CASE("curves of other storage types come back; a file without them says what it always said") {
  using brim::kernels::KvType;
  using brim::kernels::KvTypes;
  ProfileFile file = sample(2, "fnv1a-2");
  CHECK(to_json(file).find("\"brim_kv_profile\": 1") != std::string::npos);
  file.profile.types = KvType::q8_0;
  file.profile.others = {{KvTypes(KvType::q8_0, KvType::q4_0), {{0.5, 1, 2, 3, 4}, {0, 0, 0, 0, 1}}},
                         {KvType::q4_0, {{1, 1, 1, 1, 1}, {0.25, 2, 2, 2, 2}}}};
  const std::string text = to_json(file);
  CHECK(text.find("\"brim_kv_profile\": 2") != std::string::npos);
  const auto back = parse_profile(text, "p.json");
  REQUIRE(back.ok());
  CHECK(to_json(*back) == text);
  CHECK(back->profile.types == KvTypes(KvType::q8_0));
  REQUIRE(back->profile.others.size() == 2);
  CHECK(back->profile.others[0].types == file.profile.others[0].types);
  CHECK(back->profile.others[1].loss == file.profile.others[1].loss);
  const auto refused = [&](const std::string& from, const std::string& to) {
    const auto parsed = parse_profile(replaced(text, from, to), "p.json");
    REQUIRE(!parsed.ok());
    CHECK(parsed.error().sentence.find("p.json") == 0);
  };
  refused("\"q8_0:q4_0\"", "\"q9_0\"");
  refused("\"q8_0:q4_0\"", "\"q4_1\"");
  refused("\"other_types\"", "\"other\"");  // layer 1 is then the only one that has them
  refused("\"kv_type\": \"q8_0\"", "\"kv_type\": \"eight\"");
}

TEST_CASE("a profile is for one model: its weights and shape, not its file") {
  Scratch first, second, copy, profile;
  brim::test::TinyModel shape;
  brim::test::write_tiny_model(first.path, shape);
  shape.seed = 2;
  brim::test::write_tiny_model(second.path, shape);
  const auto model = brim::io::Gguf::open(first.path);
  const auto other = brim::io::Gguf::open(second.path);
  REQUIRE((model.ok() && other.ok()));
  CHECK(*fingerprint(*model) != *fingerprint(*other));

  const std::string text = to_json(sample(3, *fingerprint(*model)));
  std::ofstream(profile.path) << text;
  const auto owner = *profile_owner(*model, 3);
  const auto found = read_profile(owner, profile.path);
  REQUIRE(found.ok());
  REQUIRE(found->profile != nullptr);
  CHECK(found->profile->layers.size() == 3);
  CHECK(found->text == text);
  CHECK(found->notice.empty());
  // A profile that cannot be used is reported, and the model works without it; a file that cannot be read is an error.
  const auto not_used = [](const brim::model::ProfileOwner& of, const std::string& path) {
    const auto given = read_profile(of, path);
    REQUIRE(given.ok());
    CHECK(given->profile == nullptr);
    CHECK(given->text.empty());
    return given->notice;
  };
  CHECK(not_used(*profile_owner(*other, 3), profile.path).find("another model") != std::string::npos);
  CHECK(not_used(*profile_owner(*model, 4), profile.path).find("3 layers") != std::string::npos);
  CHECK(read_profile(owner, "/nowhere/profile.json").error().code == brim::ErrorCode::io);
  for (const std::string& wrong : {std::string(), std::string("[]"), std::string(brim::model::kLargestProfile + 9, ' '),
                                   replaced(text, "\"brim_kv_profile\": 1", "\"brim_kv_profile\": 99")}) {
    std::ofstream(profile.path) << wrong;
    CHECK(not_used(owner, profile.path).find("going on without a profile") != std::string::npos);
  }
  std::ofstream(profile.path) << std::string(brim::model::kLargestProfile + 9, ' ');
  CHECK(not_used(owner, profile.path).find("at most 4194304 bytes, found 4194313") != std::string::npos);

  // When the model itself carries the profile, the file's bytes differ, but it is still the model's profile.
  CHECK(carried_profile(owner).profile == nullptr);
  CHECK(carried_profile(owner).notice.empty());
  copy_with(first.path, copy.path, "brim.kv.profile", text);
  const auto carrying = brim::io::Gguf::open(copy.path);
  REQUIRE(carrying.ok());
  CHECK(*fingerprint(*carrying) == *fingerprint(*model));
  CHECK(carried_profile(*profile_owner(*carrying, 3)).profile != nullptr);
  // Other weights that still carry the profile (a model quantised by another tool): the profile is not used, does no
  // harm, and this is reported.
  copy_with(second.path, copy.path, "brim.kv.profile", text);
  const auto stale = brim::io::Gguf::open(copy.path);
  REQUIRE(stale.ok());
  CHECK(carried_profile(*profile_owner(*stale, 3)).profile == nullptr);
  CHECK(carried_profile(*profile_owner(*stale, 3)).notice.find("another model") != std::string::npos);
  copy_with(first.path, copy.path, "brim.kv.profile", "what is this");
  const auto broken = brim::io::Gguf::open(copy.path);
  REQUIRE(broken.ok());
  CHECK(carried_profile(*profile_owner(*broken, 3)).profile == nullptr);
  CHECK(carried_profile(*profile_owner(*broken, 3)).notice.find("is not a profile") != std::string::npos);
}
