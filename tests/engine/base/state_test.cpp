#include "engine/base/state.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>

using namespace brim;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// The same bytes as one part, as a file stores them.
std::string joined(const StateWriter& state) {
  std::string all;
  for (const auto part : state.parts()) all.append(reinterpret_cast<const char*>(part.data()), part.size());
  return all;
}

}  // namespace

TEST_CASE("what was written is read back, in parts as in one piece; everything begins at a multiple of eight") {
  const std::string memory = "elevenbytes", empty;
  StateWriter state;
  state.number(-5);
  state.piece(bytes_of(memory));
  state.text("abc");
  state.piece(bytes_of(empty));
  state.real(0.25);
  state.flag(true);
  state.piece(bytes_of(memory));
  const std::string file = joined(state);
  CHECK(file.size() == 8 * (1 + (1 + 2) + (1 + 1) + 1 + 1 + 1 + (1 + 2)));
  for (const auto& parts : {state.parts(), std::vector{bytes_of(file)}}) {
    StateReader source("it", parts);
    int number = 0;
    double real = 0;
    bool flag = false;
    std::string text, piece(memory.size(), '-');
    const auto destination = std::as_writable_bytes(std::span(piece));
    CHECK(source.number("number", -5, 0, number));
    CHECK(number == -5);
    CHECK(source.piece("piece", destination));
    CHECK(piece == memory);
    CHECK(source.text("text", 3, text));
    CHECK(text == "abc");
    CHECK(source.piece("nothing", {}));
    CHECK(source.real("real", 0, 1, real));
    CHECK(real == 0.25);
    CHECK(source.flag("flag", flag));
    CHECK(flag);
    CHECK(source.piece("piece", destination));
    CHECK(source.end());
    CHECK(!source.number("more", 0, 9, number));
  }
}

TEST_CASE("what is out of bounds, of another size or missing is refused, saying where") {
  StateWriter state;
  state.number(1000);
  state.real(NAN);
  state.text("too long");
  state.number(std::int64_t{1} << 62);  // a size
  StateReader source("FILE", state.parts());
  source.at("layer 3");
  int number = 7;
  double real = 7;
  std::string text = "as it was";
  std::array<std::byte, 4> piece{};
  CHECK(source.number("entries", 0, 512, number).error().sentence ==
        "FILE cannot be restored: layer 3, entries: expected 0 to 512, found 1000");
  CHECK(number == 7);
  CHECK(!source.real("seconds", 0, 1, real));
  CHECK(real == 7);
  CHECK(source.text("name", 3, text).error().sentence.find("expected 0 to 3, found 8") != std::string::npos);
  CHECK(text == "as it was");
  StateReader again("FILE", state.parts());
  CHECK(again.same("budget", 999).error().sentence == "FILE cannot be restored: budget: expected 999, found 1000");
  CHECK(again.same("name", "own").error().code == ErrorCode::bad_file);
  StateReader sizes("FILE", state.parts());
  for (int i = 0; i < 4; ++i) CHECK(!sizes.same("skipped", 0));
  CHECK(!sizes.text("name", ~std::size_t{0} >> 1, text));  // a size that no part has
  CHECK(!sizes.piece("keys", piece));
  CHECK(sizes.end());
}
