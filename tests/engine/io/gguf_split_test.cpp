#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/io/gguf.hpp"
#include "tests/engine/io/raw_gguf.hpp"

using namespace brim;
using test::raw;
using test::raw_string;
using test::RawGguf;

namespace {

// A folder with a split model of three parts, one tensor in each; removed at the end.
class SplitModel {
 public:
  SplitModel() : folder_(std::filesystem::temp_directory_path() / ("brim-split-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    for (int number = 0; number < 3; ++number) write(number, part(number));
  }
  ~SplitModel() { std::filesystem::remove_all(folder_); }

  static RawGguf part(int number, int count = 3, int tensors = 3) {
    RawGguf file;
    if (number == 0) file.key("general.architecture", 8, raw_string("llama"));
    file.key("split.no", 2, raw(static_cast<std::uint16_t>(number)));
    file.key("split.count", 2, raw(static_cast<std::uint16_t>(count)));
    file.key("split.tensors.count", 5, raw(std::int32_t{tensors}));
    file.tensors.push_back({"t" + std::to_string(number), {8}, 0, 0});
    file.data.assign(32, static_cast<char>(number + 1));
    return file;
  }
  std::string path(int number) const {
    return (folder_ / ("model-0000" + std::to_string(number + 1) + "-of-00003.gguf")).string();
  }
  void write(int number, const RawGguf& file) const { write(path(number), file); }
  static void write(const std::string& path, const RawGguf& file) {
    std::ofstream(path, std::ios::binary) << file.bytes();
  }
  std::string refusal(int number = 0) const {
    const auto gguf = io::Gguf::open(path(number));
    return gguf ? "accepted" : gguf.error().sentence;
  }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

bool says(const std::string& sentence, const std::string& piece) {
  if (sentence.find(piece) != std::string::npos) return true;
  MESSAGE(sentence);
  return false;
}

}  // namespace

TEST_CASE("all parts are one model") {
  const SplitModel model;
  const auto gguf = io::Gguf::open(model.path(0));
  REQUIRE_MESSAGE(gguf.ok(), (gguf ? "" : gguf.error().sentence));
  CHECK(gguf->parts() == 3);
  CHECK(gguf->tensors().size() == 3);
  CHECK(gguf->tensor_bytes() == 96);
  for (int number = 0; number < 3; ++number) {
    const io::Tensor* tensor = gguf->tensor("t" + std::to_string(number));
    REQUIRE(tensor != nullptr);
    CHECK(tensor->part == number);
    CHECK(gguf->read(tensor->data)->at(31) == static_cast<std::byte>(number + 1));
  }
  io::Gguf::Options mapped;
  mapped.access = io::FileImage::Access::mapped;
  const auto in_place = io::Gguf::open(model.path(0), mapped);
  REQUIRE(in_place.ok());
  CHECK(in_place->tensor("t2")->data[31] == std::byte{3});
  in_place->expect(MappedFile::Access::repeated);
  io::Gguf::Options alone;
  alone.follow_parts = false;
  CHECK(io::Gguf::open(model.path(1), alone)->tensors().size() == 1);
}

TEST_CASE("another part than the first says which one to open") {
  const SplitModel model;
  CHECK(says(model.refusal(1), "is part 2 of 3 of a split model: open the first part, " + model.path(0)));
  std::filesystem::remove(model.path(0));
  CHECK(says(model.refusal(2), model.path(0) + " (which is not there)"));
  const std::string renamed = (model.folder() / "renamed.gguf").string();
  SplitModel::write(renamed, SplitModel::part(1));
  CHECK(says(io::Gguf::open(renamed).error().sentence, "whose name ends in -00001-of-00003.gguf"));
  SplitModel::write(renamed, SplitModel::part(0));
  CHECK(says(io::Gguf::open(renamed).error().sentence, "should end in -00001-of-00003.gguf"));
}

TEST_CASE("missing, damaged and foreign parts") {
  const SplitModel model;
  std::filesystem::remove(model.path(2));
  CHECK(says(model.refusal(), "part 3 is missing: " + model.path(2)));
  std::ofstream(model.path(2)) << "GGUF";
  CHECK(says(model.refusal(), model.path(2) + " is cut off"));
  model.write(2, SplitModel::part(1));
  CHECK(says(model.refusal(), "is not part 3 of 3: split.no is 1, expected 2, and split.count is 3, expected 3"));
  model.write(2, SplitModel::part(2, 4));
  CHECK(says(model.refusal(), "split.count is 4, expected 3"));
  model.write(2, SplitModel::part(2, 3, 5));
  CHECK(says(model.refusal(), "belongs to another model: split.tensors.count is 5, but 3"));
  model.write(2, test::valid_file());
  CHECK(says(model.refusal(), "split.no is missing"));

  RawGguf foreign = SplitModel::part(2);
  foreign.key("general.architecture", 8, raw_string("qwen2"));
  model.write(2, foreign);
  CHECK(says(model.refusal(), "key 'general.architecture' is not what it is in"));
  RawGguf same = SplitModel::part(2);
  same.key("general.architecture", 8, raw_string("llama"));
  model.write(2, same);
  CHECK(model.refusal() == "accepted");

  RawGguf twice = SplitModel::part(2);
  twice.tensors[0].name = "t0";
  model.write(2, twice);
  CHECK(says(model.refusal(), "tensor 't0' is in part 1 and in part 3"));
  RawGguf fewer = SplitModel::part(2);
  fewer.tensors.clear();
  model.write(2, fewer);
  CHECK(says(model.refusal(), "split.tensors.count is 3, but the 3 parts hold 2 tensors"));
}

TEST_CASE("split keys that make no sense") {
  const SplitModel model;
  RawGguf file = SplitModel::part(0);
  file.keys[2] = raw_string("split.count") + raw(8u) + raw_string("three");
  model.write(0, file);
  CHECK(says(model.refusal(), "split.count' is the string 'three'"));
  file.keys[2] = raw_string("split.count") + raw(11u) + raw(std::int64_t{-3});
  model.write(0, file);
  CHECK(says(model.refusal(), "split.count' is -3"));
  file.keys[2] = raw_string("split.count") + raw(10u) + raw(std::uint64_t{1} << 40);
  model.write(0, file);
  CHECK(says(model.refusal(), "expected an integer from 0 to 65535"));
  file = SplitModel::part(0);
  file.keys[1] = raw_string("split.no") + raw(2u) + raw(std::uint16_t{3});
  model.write(0, file);
  CHECK(says(model.refusal(), "split.no' is 3, expected an integer from 0 to 2"));
  file = SplitModel::part(0, 1, 1);
  model.write(0, file);
  CHECK(model.refusal() == "accepted");
}
