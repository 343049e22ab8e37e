// Real files of several writers: the GGUF parser accepts them, and the writer writes them back unchanged.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/io/gguf.hpp"
#include "engine/io/gguf_bytes.hpp"
#include "engine/io/gguf_writer.hpp"
#include "tests/support/shared_data.hpp"

using namespace brim;

namespace {

void copy_and_compare(const std::string& path) {
  CAPTURE(path);
  const auto opened = io::Gguf::open(path);
  REQUIRE_MESSAGE(opened.ok(), (opened ? "" : opened.error().sentence));
  const io::Gguf& source = opened.value();
  CHECK(source.find("general.architecture") != nullptr);

  const std::string copy = (std::filesystem::temp_directory_path() / "brim-models-golden.gguf").string();
  io::GgufWriter writer;
  for (const auto& entry : source.metadata()) writer.set(entry.key, entry.value);
  for (const io::Tensor& tensor : source.tensors()) {
    writer.add_tensor(tensor.name, tensor.format, {tensor.shape, static_cast<std::size_t>(tensor.dimensions)});
  }
  REQUIRE(writer.begin(copy).ok());
  for (const io::Tensor& tensor : source.tensors()) REQUIRE(writer.write(*source.read(tensor.data)).ok());
  REQUIRE(writer.finish().ok());

  const auto again = io::Gguf::open(copy);
  REQUIRE_MESSAGE(again.ok(), (again ? "" : again.error().sentence));
  REQUIRE(again->metadata().size() == source.metadata().size());
  REQUIRE(again->tensors().size() == source.tensors().size());
  for (const auto& entry : source.metadata()) {
    const io::Value* value = again->find(entry.key);
    REQUIRE(value != nullptr);
    CHECK(io::pack_value(*value) == io::pack_value(entry.value));
  }
  for (const io::Tensor& tensor : source.tensors()) {
    const io::Tensor* found = again->tensor(tensor.name);
    REQUIRE(found != nullptr);
    CHECK(found->format == tensor.format);
    CHECK(*again->read(found->data) == *source.read(tensor.data));
  }
  std::filesystem::remove(copy);
}

}  // namespace

TEST_CASE("models of all architectures, trained ones and vocabularies are read and written again") {
  int seen = 0;
  for (const char* folder : {"golden/arch", "golden/quant/model", "golden/tokenizer", "models"}) {
    const std::string path = test::shared_file(folder);
    if (path.empty()) continue;
    for (const auto& item : std::filesystem::directory_iterator(path)) {
      if (item.path().extension() != ".gguf") continue;
      copy_and_compare(item.path().string());
      ++seen;
    }
  }
  if (!test::shared_file("models").empty()) CHECK(seen >= 20);
}
