#include "engine/io/gguf.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/engine/io/raw_gguf.hpp"

using namespace brim;
using test::raw;
using test::raw_string;

namespace {

std::string array(std::uint32_t element, std::uint64_t count, const std::string& elements) {
  return raw(element) + raw(count) + elements;
}

}  // namespace

TEST_CASE("a correct file is read, versions 2 and 3 alike") {
  for (const std::uint32_t version : {2u, 3u}) {
    auto file = test::valid_file();
    file.version = version;
    const std::string bytes = file.bytes();
    const auto gguf = io::Gguf::parse(test::as_bytes(bytes), "x.gguf");
    REQUIRE_MESSAGE(gguf.ok(), (gguf ? "" : gguf.error().sentence));
    CHECK(gguf->version() == version);
    CHECK(gguf->file_bytes() == bytes.size());
    CHECK(gguf->tensor_bytes() == 32 + 36);
    CHECK(gguf->metadata().size() == 2);
    CHECK(gguf->parts() == 1);
    const io::Tensor* b = gguf->tensor("b");
    REQUIRE(b != nullptr);
    CHECK(b->format == quant::Format::q4_0);
    CHECK(b->dimensions == 2);
    CHECK(b->shape[0] == 32);
    CHECK(b->rows() == 2);
    CHECK(b->data.size() == 36);
    CHECK(b->data.data() == test::as_bytes(bytes).data() + bytes.size() - 36);
    CHECK(b->matrix().row_bytes == 18);
    CHECK(gguf->tensor("c") == nullptr);
    CHECK(gguf->find("llama.block_count")->as_integer() == 2);
    CHECK(gguf->find("llama.block") == nullptr);
  }
}

TEST_CASE("a file with metadata only needs no tensor data") {
  test::RawGguf file;
  file.key("general.architecture", 8, raw_string("llama"));
  const std::string bytes = file.bytes();
  const auto gguf = io::Gguf::parse(test::as_bytes(bytes), "vocabulary.gguf");
  REQUIRE(gguf.ok());
  CHECK(gguf->tensors().empty());
  const std::string nothing = test::RawGguf{}.bytes();
  CHECK(io::Gguf::parse(test::as_bytes(nothing), "nothing.gguf").ok());
}

TEST_CASE("every value type") {
  test::RawGguf file;
  file.key("u8", 0, raw(std::uint8_t{200}));
  file.key("i8", 1, raw(std::int8_t{-100}));
  file.key("u16", 2, raw(std::uint16_t{60000}));
  file.key("i16", 3, raw(std::int16_t{-30000}));
  file.key("u32", 4, raw(std::uint32_t{4000000000}));
  file.key("i32", 5, raw(std::int32_t{-2000000000}));
  file.key("f32", 6, raw(1.5f));
  file.key("bool", 7, raw(std::uint8_t{1}));
  file.key("string", 8, raw_string("t\xff\x00q"));
  file.key("u64", 10, raw(std::numeric_limits<std::uint64_t>::max()));
  file.key("i64", 11, raw(std::numeric_limits<std::int64_t>::min()));
  file.key("f64", 12, raw(-0.1));
  file.key("numbers", 9, array(3, 3, raw(std::int16_t{-1}) + raw(std::int16_t{2}) + raw(std::int16_t{-3})));
  file.key("flags", 9, array(7, 2, std::string("\0\1", 2)));
  file.key("texts", 9, array(8, 2, raw_string("") + raw_string("two")));
  file.key("none", 9, array(8, 0, ""));
  file.key("nested", 9, array(9, 2, array(4, 1, raw(std::uint32_t{7})) + array(8, 1, raw_string("deep"))));
  const std::string bytes = file.bytes();
  const auto gguf = io::Gguf::parse(test::as_bytes(bytes), "types.gguf");
  REQUIRE_MESSAGE(gguf.ok(), (gguf ? "" : gguf.error().sentence));
  CHECK(gguf->find("u8")->as_integer() == 200);
  CHECK(gguf->find("i8")->as_integer() == -100);
  CHECK(gguf->find("u16")->as_integer() == 60000);
  CHECK(gguf->find("i16")->as_integer() == -30000);
  CHECK(gguf->find("u32")->as_integer() == 4000000000);
  CHECK(gguf->find("i32")->as_integer() == -2000000000);
  CHECK(gguf->find("f32")->as_number() == 1.5);
  CHECK_FALSE(gguf->find("f32")->as_integer());
  CHECK(gguf->find("bool")->as_bool() == true);
  CHECK_FALSE(gguf->find("bool")->as_integer());
  CHECK(gguf->find("string")->as_string() == std::string_view("t\xff"));
  CHECK_FALSE(gguf->find("u64")->as_integer());
  CHECK(gguf->find("u64")->as_number() == doctest::Approx(18446744073709551615.0));
  CHECK(gguf->find("i64")->as_integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(gguf->find("f64")->as_number() == -0.1);
  const io::Array& numbers = *gguf->find("numbers")->as_array();
  REQUIRE(numbers.count == 3);
  CHECK(io::array_element(numbers, 0).as_integer() == -1);
  CHECK(io::array_element(numbers, 2).as_integer() == -3);
  CHECK(io::array_element(*gguf->find("flags")->as_array(), 1).as_bool() == true);
  CHECK(io::array_element(*gguf->find("texts")->as_array(), 1).as_string() == "two");
  CHECK(gguf->find("none")->as_array()->count == 0);
  const io::Value second = io::array_element(*gguf->find("nested")->as_array(), 1);
  CHECK(second.as_array()->strings[0] == "deep");
  CHECK(io::type_text(*gguf->find("u8")) == "u8");
  CHECK(io::type_text(*gguf->find("texts")) == "array of string");
  CHECK(io::type_text(*gguf->find("f64")) == "f64");
}

TEST_CASE("typed reads check type and range, and name the key") {
  test::RawGguf file;
  file.key("count", 4, raw(std::uint32_t{12}));
  file.key("huge", 10, raw(std::numeric_limits<std::uint64_t>::max()));
  file.key("ratio", 6, raw(0.5f));
  file.key("nan", 6, raw(std::nanf("")));
  file.key("flag", 7, raw(std::uint8_t{1}));
  file.key("text", 8, raw_string("twelve\n"));
  const std::string bytes = file.bytes();
  const auto gguf = io::Gguf::parse(test::as_bytes(bytes), "m.gguf");
  REQUIRE(gguf.ok());
  CHECK(gguf->integer("count", {}, 0, 12).value() == 12);
  CHECK(gguf->integer("count", {}, 0, 11).error().sentence ==
        "m.gguf: key 'count' is 12, expected an integer from 0 to 11");
  CHECK(gguf->integer("count", {}, 13, 20).error().code == ErrorCode::bad_file);
  CHECK(gguf->integer("absent", 7, 0, 12).value() == 7);
  CHECK(gguf->integer("absent", {}, 0, 12).error().sentence ==
        "m.gguf has no key 'absent' (expected an integer from 0 to 12)");
  CHECK(gguf->integer("huge", {}, 0, 12).error().sentence.find("is 18446744073709551615,") != std::string::npos);
  CHECK(gguf->integer("text", {}, 0, 12).error().sentence ==
        "m.gguf: key 'text' is the string 'twelve\\n', expected an integer from 0 to 12");
  CHECK(gguf->integer("flag", {}, 0, 12).error().sentence.find("type bool") != std::string::npos);
  CHECK_FALSE(gguf->integer("ratio", {}, 0, 12).ok());
  CHECK(gguf->number("ratio", {}).value() == 0.5);
  CHECK(gguf->number("count", {}).value() == 12);
  CHECK(gguf->number("absent", 0.25).value() == 0.25);
  CHECK_FALSE(gguf->number("nan", {}).ok());
  CHECK_FALSE(gguf->number("text", {}).ok());
  CHECK(gguf->boolean("flag", {}).value());
  CHECK_FALSE(gguf->boolean("count", {}).ok());
  CHECK_FALSE(gguf->boolean("absent", false).value());
  CHECK(gguf->string("text", {}).value() == "twelve\n");
  CHECK(gguf->string("absent", "x").value() == "x");
  CHECK_FALSE(gguf->string("count", {}).ok());
  CHECK_FALSE(gguf->string("absent", {}).ok());
}

TEST_CASE("a missing file, a folder and a device are said as such") {
  CHECK(io::Gguf::open("/nowhere/model.gguf").error().code == ErrorCode::io);
  CHECK(io::Gguf::open("/").error().sentence == "/ is a directory, not a file");
  CHECK(io::Gguf::open("/dev/null").error().code == ErrorCode::bad_file);
}
