// What a user may write for --kv-budget, and the uniform split.
#include <doctest/doctest.h>

#include <limits>
#include <numeric>

#include "engine/kv/budget.hpp"
#include "engine/kv/scorer.hpp"
#include "tests/engine/kv/fake_model.hpp"

using brim::kv::BudgetRequest;
using brim::kv::LayerNeed;
using brim::kv::parse_budget;

TEST_CASE("budgets that are understood") {
  const auto bytes = [](std::string_view text) {
    const auto request = parse_budget(text);
    REQUIRE_MESSAGE(request.ok(), text);
    CHECK(request->kind == BudgetRequest::Kind::bytes);
    return request->bytes;
  };
  CHECK(bytes("64MiB") == 64 << 20);
  CHECK(bytes("64mib") == 64 << 20);
  CHECK(bytes("64 MiB") == 64 << 20);
  CHECK(bytes("64MB") == 64000000);
  CHECK(bytes("1.5GiB") == std::int64_t{3} << 29);
  CHECK(bytes("1000") == 1000);
  CHECK(parse_budget("full")->kind == BudgetRequest::Kind::full);
  CHECK(parse_budget("FULL")->kind == BudgetRequest::Kind::full);
  CHECK(parse_budget("auto")->kind == BudgetRequest::Kind::automatic);
  struct Percentage {
    const char* text;
    double percent;
  };
  for (const Percentage& form : {Percentage{"20%", 20.0}, {"12.5%", 12.5}, {"100%", 100.0}, {"0.5 %", 0.5}}) {
    const auto request = parse_budget(form.text);
    REQUIRE_MESSAGE(request.ok(), form.text);
    CHECK(request->kind == BudgetRequest::Kind::percent);
    CHECK(request->percent == form.percent);
  }
}

TEST_CASE("budgets that are refused name the text and the forms") {
  for (const std::string text : {"",
                                 " ",
                                 "%",
                                 " %",
                                 "-1",
                                 "-1%",
                                 "+5%",
                                 "1e9",
                                 "1e2%",
                                 "0",
                                 "0%",
                                 "0.0%",
                                 "0MiB",
                                 "100.1%",
                                 "101%",
                                 "nan%",
                                 "inf%",
                                 "-nan%",
                                 "0x10%",
                                 "5%%",
                                 "5.5.5%",
                                 ".5%",
                                 "5.%",
                                 ".%",
                                 "1_0%",
                                 "\u0665%",
                                 "1,5%",
                                 "5 0%",
                                 "20% ",
                                 "fullest",
                                 "ful",
                                 "automatic",
                                 "none",
                                 "64 elephants",
                                 "9223372036854775808",
                                 "99999999999999999999999999",
                                 "8EiB",
                                 "64MiB extra",
                                 "999999999999999999999999%"}) {
    const auto request = parse_budget(text);
    REQUIRE_MESSAGE(!request.ok(), text);
    CHECK(request.error().code == brim::ErrorCode::invalid_argument);
    CHECK(request.error().sentence.find("'" + text + "'") != std::string::npos);
    CHECK(request.error().sentence.find("64MiB") != std::string::npos);
    CHECK(request.error().sentence.find("20%") != std::string::npos);
  }
  // Bytes that would disturb a terminal are shown escaped, and a long text is cut.
  const auto strange = parse_budget(std::string_view("\x1b[31m\0%", 7));
  REQUIRE(!strange.ok());
  CHECK(strange.error().sentence.find('\x1b') == std::string::npos);
  CHECK(parse_budget(std::string(100000, '9') + "%").error().sentence.size() < 400);
}

TEST_CASE("no text, however odd, gives a budget outside its range") {
  brim::test::Random random(7);
  const std::string letters = "0123456789.%eE+-kKmMgGiIbB naful\n";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::int64_t n = random.pick(0, 9); n > 0; --n) {
      text += letters[static_cast<std::size_t>(random.pick(0, static_cast<std::int64_t>(letters.size()) - 1))];
    }
    const auto request = parse_budget(text);
    if (!request) continue;
    if (request->kind == BudgetRequest::Kind::bytes) CHECK(request->bytes > 0);
    if (request->kind == BudgetRequest::Kind::percent) CHECK((request->percent > 0 && request->percent <= 100));
  }
}

TEST_CASE("uniform: the same for all, caps respected, what a cap leaves goes to the others") {
  const auto& split = brim::kv::uniform_split();
  const std::vector<LayerNeed> alike(4, LayerNeed{16, 1024, 10});
  CHECK(brim::test::entries_of(split, alike, 4 * 10 * 100) == std::vector<std::int64_t>(4, 100));
  CHECK(brim::test::entries_of(split, alike, 4 * 10 * 100 + 39) == std::vector<std::int64_t>(4, 100));
  CHECK(brim::test::entries_of(split, alike, 4 * 10 * 16) == std::vector<std::int64_t>(4, 16));
  CHECK(brim::test::entries_of(split, alike, std::numeric_limits<std::int64_t>::max()) ==
        std::vector<std::int64_t>(4, 1024));

  const std::vector<LayerNeed> mixed = {{16, 64, 10}, {16, 1024, 10}, {16, 1024, 30}};
  const auto entries = brim::test::entries_of(split, mixed, 64 * 10 + 200 * 40);
  CHECK(entries == std::vector<std::int64_t>{64, 200, 200});
}

TEST_CASE("uniform: random needs, never over the bytes, never under the floor, no layer could have one more") {
  brim::test::Random random(3);
  const auto& split = brim::kv::uniform_split();
  for (int round = 0; round < 2000; ++round) {
    std::vector<LayerNeed> layers;
    std::int64_t floors = 0, all = 0;
    for (std::int64_t n = random.pick(1, 12); n > 0; --n) {
      layers.push_back({16, 16 * random.pick(1, 100), random.pick(1, 3000)});
      floors += layers.back().floor * layers.back().entry_bytes;
      all += layers.back().cap * layers.back().entry_bytes;
    }
    const std::int64_t bytes = random.pick(floors, all + 100);
    const auto entries = brim::test::entries_of(split, layers, bytes);
    REQUIRE(entries.size() == layers.size());
    std::int64_t used = 0, one_more = 0, highest = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      CHECK(entries[i] >= layers[i].floor);
      CHECK(entries[i] <= layers[i].cap);
      used += entries[i] * layers[i].entry_bytes;
      highest = std::max(highest, entries[i]);
      if (entries[i] < layers[i].cap) one_more += layers[i].entry_bytes;
    }
    CHECK(used <= bytes);
    CHECK((one_more == 0 || used + one_more > bytes));
    for (std::size_t i = 0; i < layers.size(); ++i) CHECK((entries[i] == highest || entries[i] == layers[i].cap));
  }
}
