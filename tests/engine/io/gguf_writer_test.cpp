#include "engine/io/gguf_writer.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "engine/io/gguf_bytes.hpp"
#include "tests/engine/io/raw_gguf.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace brim;

namespace {

struct Folder : test::ScratchFolder {
  std::string file(const std::string& name = "model.gguf") const { return path + "/" + name; }
  int files() const { return static_cast<int>(std::distance(std::filesystem::directory_iterator(path), {})); }
};

std::vector<std::byte> counted(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<std::byte>(at * 7 + size);
  return bytes;
}

const std::array<std::int64_t, 2> kShape{32, 3};

}  // namespace

TEST_CASE("what is written is read back: every kind of value, tensors of several formats and sizes") {
  const Folder folder;
  const std::vector<std::string> texts = {"", "a", std::string("\xff\0z", 3), "long text with blanks"};
  const std::vector<float> floats = {0.5f, -1e30f};
  const std::vector<std::int32_t> integers = {-1, 2, 2147483647};
  const std::array<bool, 3> flags{true, false, true};
  const std::array<std::int64_t, 1> row{5};
  const std::array<std::int64_t, 4> cube{2, 3, 2, 2};
  io::GgufWriter writer;
  writer.set_string("general.architecture", "llama");
  writer.set_u32("u32", 4000000000u);
  writer.set_u64("u64", ~std::uint64_t{0});
  writer.set_i32("i32", -7);
  writer.set_f32("f32", 0.1f);
  writer.set_bool("bool", true);
  writer.set_strings("texts", texts);
  writer.set_f32s("floats", floats);
  writer.set_i32s("integers", integers);
  writer.set_bools("flags", flags);
  writer.set_u32("gone", 1);
  writer.set_u32("u32", 12);  // replaces, in place
  writer.remove("gone");
  writer.add_tensor("row", quant::Format::f32, row);
  writer.add_tensor("blocks", quant::Format::q4_0, kShape);
  writer.add_tensor("cube", quant::Format::f16, cube);
  REQUIRE(writer.begin(folder.file()).ok());
  CHECK_FALSE(std::filesystem::exists(folder.file()));
  REQUIRE(writer.write(counted(20)).ok());
  const auto blocks = counted(54);
  for (const auto& [first, count] : {std::pair{0, 1}, std::pair{1, 50}, std::pair{51, 3}}) {
    REQUIRE(
        writer.write_piece(std::span(blocks).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)))
            .ok());
  }
  CHECK(writer.finish().error().code == ErrorCode::wrong_state);
  REQUIRE(writer.write(counted(48)).ok());
  REQUIRE(writer.finish().ok());
  CHECK(folder.files() == 1);

  const auto gguf = io::Gguf::open(folder.file());
  REQUIRE_MESSAGE(gguf.ok(), (gguf ? "" : gguf.error().sentence));
  CHECK(gguf->version() == 3);
  CHECK(gguf->file_bytes() % 32 == 0);
  CHECK(gguf->metadata().size() == 10);
  CHECK(gguf->metadata()[1].key == "u32");
  CHECK(gguf->integer("u32", {}, 0, 100).value() == 12);
  CHECK(gguf->find("u64")->as_number() == doctest::Approx(18446744073709551615.0));
  CHECK(gguf->integer("i32", {}, -10, 0).value() == -7);
  CHECK(gguf->number("f32", {}).value() == static_cast<double>(0.1f));
  CHECK(gguf->boolean("bool", {}).value());
  const io::Array& read_texts = *gguf->find("texts")->as_array();
  CHECK(std::vector<std::string>(read_texts.strings.begin(), read_texts.strings.end()) == texts);
  CHECK(io::array_element(*gguf->find("floats")->as_array(), 1).as_number() == static_cast<double>(-1e30f));
  CHECK(io::array_element(*gguf->find("integers")->as_array(), 2).as_integer() == 2147483647);
  CHECK(io::array_element(*gguf->find("flags")->as_array(), 1).as_bool() == false);
  for (const auto& [name, size] : {std::pair{"row", 20u}, std::pair{"blocks", 54u}, std::pair{"cube", 48u}}) {
    const io::Tensor* tensor = gguf->tensor(name);
    REQUIRE(tensor != nullptr);
    const auto expected = counted(size);
    CHECK(*gguf->read(tensor->data) == expected);
  }
  CHECK(gguf->tensor("cube")->dimensions == 4);
  CHECK(gguf->tensor("cube")->shape[3] == 2);
  struct stat facts {};
  REQUIRE(::stat(folder.file().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0444) != 0);
}

TEST_CASE("any value of any file goes through unchanged, nested arrays too") {
  const Folder folder;
  test::RawGguf file;
  const auto numbers = test::raw(std::uint32_t{3}) + test::raw(std::uint64_t{2}) + test::raw(std::int16_t{-5}) +
                       test::raw(std::int16_t{6});
  file.key("i8", 1, test::raw(std::int8_t{-3}));
  file.key("u16", 2, test::raw(std::uint16_t{65535}));
  file.key("i64", 11, test::raw(std::int64_t{-9}));
  file.key("f64", 12, test::raw(1e300));
  file.key("numbers", 9, numbers);
  file.key("nested", 9, test::raw(std::uint32_t{9}) + test::raw(std::uint64_t{2}) + numbers + numbers);
  const std::string bytes = file.bytes();
  const auto source = io::Gguf::parse(test::as_bytes(bytes), "source");
  REQUIRE(source.ok());
  io::GgufWriter writer;
  for (const auto& entry : source->metadata()) writer.set(entry.key, entry.value);
  REQUIRE(writer.begin(folder.file()).ok());
  REQUIRE(writer.finish().ok());
  std::ifstream stored(folder.file(), std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(stored), {}) == bytes);
}

TEST_CASE("another alignment") {
  const Folder folder;
  io::GgufWriter writer;
  writer.set_u32("general.alignment", 4096);
  writer.add_tensor("a", quant::Format::q4_0, kShape);
  writer.add_tensor("b", quant::Format::q4_0, kShape);
  REQUIRE(writer.begin(folder.file()).ok());
  REQUIRE(writer.write(counted(54)).ok());
  REQUIRE(writer.write(counted(54)).ok());
  REQUIRE(writer.finish().ok());
  const auto gguf = io::Gguf::open(folder.file());
  REQUIRE(gguf.ok());
  CHECK(gguf->tensor("b")->data.data() - gguf->tensor("a")->data.data() == 4096);
  CHECK(gguf->file_bytes() == 4096 * 3);
  io::GgufWriter wrong;
  wrong.set_u32("general.alignment", 24);
  CHECK(wrong.begin(folder.file("wrong.gguf")).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a writer that does not finish leaves nothing, and an existing file as it was") {
  const Folder folder;
  std::ofstream(folder.file()) << "old";
  {
    io::GgufWriter writer;
    writer.add_tensor("a", quant::Format::q4_0, kShape);
    REQUIRE(writer.begin(folder.file()).ok());
    REQUIRE(writer.write_piece(counted(10)).ok());
  }
  CHECK(folder.files() == 1);
  std::string content;
  std::ifstream(folder.file()) >> content;
  CHECK(content == "old");
}

TEST_CASE("wrong sizes, orders and descriptions are refused") {
  const Folder folder;
  const auto refused = [&](std::string_view name, quant::Format format, std::vector<std::int64_t> shape) {
    io::GgufWriter writer;
    writer.add_tensor(name, format, shape);
    const Status status = writer.begin(folder.file("refused.gguf"));
    return !status && status.error().code == ErrorCode::invalid_argument;
  };
  CHECK(refused("", quant::Format::f32, {1}));
  CHECK(refused("a", quant::Format::f32, {}));
  CHECK(refused("a", quant::Format::f32, {1, 1, 1, 1, 1}));
  CHECK(refused("a", quant::Format::f32, {1, 0}));
  CHECK(refused("a", quant::Format::f32, {-4}));
  CHECK(refused("a", quant::Format::f32, {1ll << 40, 1ll << 40}));
  CHECK(refused("a", quant::Format::f32, {1ll << 62}));
  CHECK(refused("a", quant::Format::q4_0, {33, 2}));
  CHECK(folder.files() == 0);

  io::GgufWriter writer;
  CHECK(writer.write(counted(1)).error().code == ErrorCode::invalid_argument);
  CHECK(writer.finish().error().code == ErrorCode::wrong_state);
  writer.add_tensor("a", quant::Format::q4_0, kShape);
  CHECK(writer.write(counted(54)).error().code == ErrorCode::wrong_state);
  REQUIRE(writer.begin(folder.file()).ok());
  CHECK(writer.begin(folder.file()).error().code == ErrorCode::wrong_state);
  CHECK(writer.write(counted(53)).error().sentence == "tensor 'a' has 54 bytes still to be written, but 53 were given");
  CHECK(writer.write_piece(counted(55)).error().code == ErrorCode::invalid_argument);
  REQUIRE(writer.write(counted(54)).ok());
  CHECK(writer.write(counted(54)).error().code == ErrorCode::invalid_argument);
  REQUIRE(writer.finish().ok());

  io::GgufWriter twice;
  twice.add_tensor("a", quant::Format::q4_0, kShape);
  twice.add_tensor("a", quant::Format::q4_0, kShape);
  CHECK(twice.begin(folder.file()).error().sentence == "tensor 'a' was added twice");
}

TEST_CASE("places that cannot be written are said; devices and links are not replaced") {
  const Folder folder;
  io::GgufWriter writer;
  CHECK(writer.begin("/nowhere/model.gguf").error().code == ErrorCode::io);
  CHECK(writer.begin("/dev/null").error().code == ErrorCode::invalid_argument);
  std::ofstream(folder.file("target.gguf")) << "old";
  std::filesystem::create_symlink("target.gguf", folder.file("link.gguf"));
  REQUIRE(writer.begin(folder.file("link.gguf")).ok());
  REQUIRE(writer.finish().ok());
  CHECK(std::filesystem::is_symlink(folder.file("link.gguf")));
  CHECK(io::Gguf::open(folder.file("target.gguf")).ok());
}

TEST_CASE("a full disk is an error, and the half file is gone") {
  // A limit on the size of files replaces the full disk: writing fails in the same way. The default action of the
  // signal is kept, so the test shows that the signal is not sent.
  for (const std::int64_t rows : {1024, 1}) {
    const Folder folder;
    struct rlimit before {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const struct rlimit small { 100, before.rlim_max };
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    io::GgufWriter writer;
    const std::array<std::int64_t, 2> shape{16, rows};
    writer.add_tensor("a", quant::Format::f32, shape);
    Status written = writer.begin(folder.file());
    const auto row = counted(64);
    for (std::int64_t index = 0; written && index < rows; ++index) written = writer.write_piece(row);
    const Status status = written ? writer.finish() : written;
    ::setrlimit(RLIMIT_FSIZE, &before);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::io);
    CHECK(status.error().sentence.find("cannot write " + folder.file()) == 0);
    CHECK(folder.files() == 0);
  }
}
