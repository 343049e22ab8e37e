// One line per way in which a file can be wrong: the field, its wrong value, and a piece of the sentence.
#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "engine/io/gguf.hpp"
#include "tests/engine/io/raw_gguf.hpp"

using namespace brim;
using test::raw;
using test::raw_string;
using test::RawGguf;

namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

std::string refusal(const std::string& bytes) {
  const auto gguf = io::Gguf::parse(test::as_bytes(bytes), "bad.gguf");
  if (gguf) return "accepted";
  CHECK(gguf.error().sentence.find("bad.gguf") == 0);
  return gguf.error().sentence;
}

// The sentence for the correct file after `change`.
std::string refusal(const std::function<void(RawGguf&)>& change) {
  RawGguf file = test::valid_file();
  change(file);
  return refusal(file.bytes());
}

bool says(const std::string& sentence, std::string_view piece) {
  if (sentence.find(piece) != std::string::npos) return true;
  MESSAGE(sentence);
  return false;
}

std::string array(std::uint32_t element, std::uint64_t count, const std::string& elements) {
  return raw(element) + raw(count) + elements;
}

}  // namespace

TEST_CASE("what is not a GGUF file, or one of another kind") {
  CHECK(says(refusal(std::string()), "it is empty"));
  CHECK(says(refusal(std::string("GG")), "starts with 'GG'"));
  CHECK(says(refusal([](RawGguf& f) { f.magic = "G\nU\xff"; }), "starts with 'G\\nU\\xff', expected 'GGUF'"));
  CHECK(says(refusal([](RawGguf& f) { f.magic = "FUGG"; }), "starts with 'FUGG'"));
  CHECK(says(refusal(std::string("\x02\0\0\0\0\0\0\0{}", 10)), "it is a safetensors file"));
  CHECK(says(refusal(std::string("\x01\0\0\0\0\0\0\0{}", 10)), "starts with '\\x01"));
  CHECK(says(refusal(std::string("\x02\0\0\0\0\0\0\0", 8)), "starts with '\\x02"));
  CHECK(says(refusal(std::string("PK\x03\x04")), "it is an archive"));
  CHECK(says(refusal(std::string("PK\x03")), "starts with 'PK"));
  CHECK(says(refusal(std::string("version https://git-lfs.github.com/spec/v1\n")), "it is a Git LFS pointer"));
  CHECK(says(refusal(std::string(" \n<!doctype HTML>")), "it is a web page"));
  CHECK(says(refusal(std::string("tjgg\x03\0\0\0", 8)), "before GGUF"));
  CHECK(says(refusal(std::string("\x1f\x8b")), "it is a compressed file"));
  CHECK(says(refusal([](RawGguf& f) { f.version = 0; }), "version 0, expected 2 or 3"));
  CHECK(says(refusal([](RawGguf& f) { f.version = 1; }), "version 1"));
  CHECK(says(refusal([](RawGguf& f) { f.version = 4; }), "version 4, expected 2 or 3"));
  CHECK(says(refusal([](RawGguf& f) { f.version = 0x03000000; }), "big-endian"));
  CHECK(says(refusal([](RawGguf& f) { f.version = 0xFFFFFFFF; }), "version 4294967295"));
}

TEST_CASE("counts that the file cannot hold") {
  CHECK(says(refusal([](RawGguf& f) { f.extra_keys = std::numeric_limits<std::int64_t>::max(); }), "keys, but only"));
  CHECK(says(refusal([](RawGguf& f) { f.extra_keys = -3; }), "18446744073709551615 keys"));
  CHECK(says(refusal([](RawGguf& f) { f.extra_tensors = 1ll << 60; }), "tensors, but only"));
  CHECK(refusal([](RawGguf& f) { f.extra_keys = 1; }) != "accepted");
  CHECK(refusal([](RawGguf& f) { f.extra_keys = -1; }) != "accepted");
  CHECK(refusal([](RawGguf& f) { f.extra_tensors = 1; }) != "accepted");
  CHECK(says(refusal([](RawGguf& f) {
               f.extra_keys = 70000;
               f.data.resize(1 << 20);
             }),
             "70002 keys, expected at most 65536"));
  CHECK(says(refusal([](RawGguf& f) {
               f.extra_tensors = 1 << 20;
               f.data.resize(40 << 20);
             }),
             "expected at most 1048576"));
}

TEST_CASE("strings and arrays longer than the file") {
  CHECK(says(refusal([](RawGguf& f) { f.keys[0] = raw(kLargest) + "general.architecture"; }),
             "key 1 of 2 has a string of 18446744073709551615"));
  CHECK(says(refusal([](RawGguf& f) { f.keys[1] = raw(std::uint64_t{1} << 40) + "x"; }), "1099511627776"));
  CHECK(says(refusal([](RawGguf& f) { f.key("s", 8, raw(kLargest)); }), "key 's' has a string"));
  CHECK(
      says(refusal([](RawGguf& f) { f.key("a", 9, array(8, kLargest, "")); }), "array of 18446744073709551615 string"));
  CHECK(says(refusal([](RawGguf& f) { f.key("a", 9, array(8, 10000, "")); }), "array of 10000 string"));
  CHECK(says(refusal([](RawGguf& f) { f.key("a", 9, array(12, std::uint64_t{1} << 61, "")); }), "f64"));
  CHECK(says(refusal([](RawGguf& f) { f.key("a", 9, array(0, 100000, "")); }), "u8"));
  CHECK(says(refusal([](RawGguf& f) { f.key("a", 9, array(9, kLargest / 12, "")); }), "array"));
  CHECK(says(refusal([](RawGguf& f) {
               f.tensors[0].name = std::string(300, 'n');
               f.tensors[0].type = 99;
             }),
             "nnn…' (300 bytes)"));
}

TEST_CASE("values of types there are not, and bools that are none") {
  CHECK(says(refusal([](RawGguf& f) { f.key("t", 13, raw(kLargest)); }),
             "key 't' has value type number 13, expected 0 to 12"));
  CHECK(says(refusal([](RawGguf& f) { f.key("t", 0xFFFFFFFF, ""); }), "4294967295"));
  CHECK(says(refusal([](RawGguf& f) { f.key("t", 9, array(13, 1, raw(kLargest))); }), "array element type number 13"));
  CHECK(says(refusal([](RawGguf& f) { f.key("t", 7, raw(std::uint8_t{2})); }), "bool stored as 2"));
  CHECK(says(refusal([](RawGguf& f) { f.key("t", 9, array(7, 2, "\1\3")); }), "bool stored as 3"));
  CHECK(says(refusal([](RawGguf& f) { f.key("", 4, raw(1u)); }), "key 3 of 3 is empty"));
  CHECK(says(refusal([](RawGguf& f) { f.key("general.architecture", 4, raw(1u)); }),
             "key 'general.architecture' is there twice, as keys 1 and 3 of 3"));
}

TEST_CASE("nested arrays have a depth and a number") {
  const auto nested = [](int depth) {
    std::string outer;
    for (int level = 1; level < depth; ++level) outer += array(9, 1, "");
    return outer + array(4, 1, raw(1u));
  };
  CHECK(refusal([&](RawGguf& f) { f.key("n", 9, nested(4)); }) == "accepted");
  CHECK(says(refusal([&](RawGguf& f) { f.key("n", 9, nested(5)); }), "nested deeper than 4"));
  CHECK(says(refusal([&](RawGguf& f) { f.key("n", 9, nested(100000)); }), "nested deeper than 4"));
  std::string many;
  for (int index = 0; index < 70000; ++index) many += array(0, 0, "");
  CHECK(says(refusal([&](RawGguf& f) { f.key("n", 9, array(9, 70000, many)); }), "array of 70000 arrays"));
}

TEST_CASE("tensor tables") {
  CHECK(refusal([](RawGguf&) {}) == "accepted");
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].name = ""; }), "name of tensor 1 is empty"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[1].name = "a"; }), "tensor 'a' is there twice"));
  CHECK(says(refusal([](RawGguf& f) {
               f.tensors[0].name = "\x1b[31m";
               f.tensors[0].dimensions = 0;
             }),
             "tensor '\\x1b[31m' has 0 dimensions"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {4, 2, 1, 1, 1}; }), "has 5 dimensions, expected 1 to 4"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].dimensions = 0xFFFFFFFE; }), "has 4294967294 dimensions"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {4, 0}; }), "dimension 2 of length 0"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {0, 4}; }), "dimension 1 of length 0"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {4, kLargest}; }), "length -1"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {1ull << 63}; }), "length -9223372036854775808"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {1ull << 32, 1ull << 32}; }), "more than 2^63 values"));
  CHECK(says(refusal([](RawGguf& f) {
               f.tensors[0].shape = {1ull << 20, 1ull << 20, 1ull << 20, 1ull << 20};
             }),
             "more than 2^63 values"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {1ull << 62}; }), "do not fit in the file"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {1ull << 61, 2}; }), "do not fit in the file"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].shape = {100000}; }), "do not fit in the file"));
  CHECK(says(refusal([](RawGguf& f) {
               f.tensors[1].shape = {16, 2};
             }),
             "rows of 16 values, expected a multiple of 32 for Q4_0"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].type = 12; }), "expected a multiple of 256 for Q4_K"));
}

TEST_CASE("tensor types by name or by number") {
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].type = 200; }), "type number 200, which GGUF does not define"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].type = 0xFFFFFFFF; }), "type number 4294967295"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].type = 4; }), "Q4_2"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].type = 142; }), "has type PQ2_0 (number 142), which Brim does not"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[0].type = 143; }), "has type PTQ1_0 (number 143)"));
  RawGguf file = test::valid_file();
  file.tensors[0].type = 142;
  const std::string bytes = file.bytes();
  CHECK(io::Gguf::parse(test::as_bytes(bytes), "x").error().code == ErrorCode::unsupported);
}

TEST_CASE("blocks of other lengths under the same type number") {
  const auto with = [](std::uint32_t type, std::uint64_t values, std::size_t bytes, bool last) {
    return refusal([&](RawGguf& f) {
      f.tensors[1] = {"b", {values, 1}, type, 32};
      f.data.assign(32 + bytes, '\1');
      if (last) return;
      f.data.resize((f.data.size() + 31) / 32 * 32);
      f.tensors.push_back({"c", {4, 1}, 0, f.data.size()});
      f.data.append(16, '\1');
    });
  };
  for (const bool last : {false, true}) {
    CAPTURE(last);
    CHECK(with(42, 2048, 32 * 18, last) == "accepted");
    CHECK(says(with(42, 2048, 16 * 34, last), "expected 576 for blocks of 64 values"));  // blocks of 128
    CHECK(says(with(42, 2048, 64 * 10, last), "is Q2_0 and has 640 bytes"));             // blocks of 32
    CHECK(with(41, 1024, 8 * 18, last) == "accepted");
    CHECK(says(with(41, 1024, 32 * 6, last), "expected 144 for blocks of 128 values"));  // blocks of 32
  }
  CHECK(with(42, 512, 160, true) == "accepted");  // padded to the alignment
}

TEST_CASE("offsets") {
  CHECK(says(refusal([](RawGguf& f) { f.tensors[1].offset = 33; }), "offset 33, expected a multiple of 32"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[1].offset = 64; }),
             "has 36 bytes at offset 64, but the file has 68 bytes"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[1].offset = kLargest - 31; }), "cut off or damaged"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[1].offset = 1ull << 63; }), "cut off or damaged"));
  CHECK(says(refusal([](RawGguf& f) { f.tensors[1].offset = 0; }), "lies on bytes of tensor"));
  CHECK(says(refusal([](RawGguf& f) { f.data.pop_back(); }), "cut off or damaged"));
  CHECK(says(refusal([](RawGguf& f) { f.data.clear(); }), "0 bytes of tensor data"));
  CHECK(refusal([](RawGguf& f) { f.data += "more"; }) == "accepted");
}

TEST_CASE("alignment") {
  const auto with = [](std::uint32_t type, const std::string& value, std::size_t used) {
    return refusal([&](RawGguf& f) {
      f.key("general.alignment", type, value);
      f.alignment = used;
      f.tensors[1].offset = used;
      f.data.resize(used + 36);
    });
  };
  CHECK(with(4, raw(32u), 32) == "accepted");
  CHECK(with(4, raw(64u), 64) == "accepted");
  CHECK(with(10, raw(std::uint64_t{4096}), 4096) == "accepted");
  CHECK(says(with(4, raw(64u), 32), "multiple of 64"));
  for (const std::uint32_t wrong : {0u, 1u, 3u, 4u, 48u, 1u << 21, 1u << 31, 0xFFFFFFFFu}) {
    CHECK(says(with(4, raw(wrong), 32), "key 'general.alignment' is " + std::to_string(wrong)));
  }
  CHECK(says(with(5, raw(-32), 32), "is -32"));
  CHECK(says(with(6, raw(32.0f), 32), "is f32, expected an integer"));
  CHECK(says(with(8, raw_string("32"), 32), "is string"));
  CHECK(says(with(10, raw(kLargest), 32), "expected an integer"));
}

TEST_CASE("a file cut anywhere, or with any byte changed, is read or refused") {
  RawGguf file = test::valid_file();
  file.key("texts", 9, array(8, 2, raw_string("one") + raw_string("two")));
  file.key("nested", 9, array(9, 1, array(7, 2, std::string("\0\1", 2))));
  const std::string whole = file.bytes();
  REQUIRE(refusal(whole) == "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(refusal(whole.substr(0, size)) != "accepted");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      CHECK_FALSE(refusal(changed).empty());
    }
  }
}
