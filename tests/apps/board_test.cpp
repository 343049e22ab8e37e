// What `brim bench` reads from a board's /sys, with small trees created here, and how it reports this below its table.
#include "platform/program/board.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>

#include "apps/bench/commit.hpp"
#include "apps/bench/output.hpp"
#include "apps/bench/row.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/scratch_folder.hpp"

const char* const brim::apps::bench::kCommit = "0123456789ab";

using brim::apps::bench::Row;
using brim::platform::Board;
using brim::platform::read_board;
using brim::test::ScratchFolder;

namespace {

/// The table of some rows that differ only in this.
std::string table(const std::vector<Board>& boards) {
  const ScratchFolder folder;
  const std::string path = folder.path + "/table";
  const int terminal = ::dup(STDOUT_FILENO);
  std::fflush(stdout);
  REQUIRE(std::freopen(path.c_str(), "w", stdout) != nullptr);
  const auto output = brim::apps::bench::make_output("md");
  for (const Board& board : boards) {
    Row row;
    row.seconds = {1.0};
    row.test.tokens = 8;
    row.board = board;
    output->add(brim::apps::bench::to_json(row));
  }
  output->finish();
  std::fflush(stdout);
  ::dup2(terminal, STDOUT_FILENO);
  ::close(terminal);
  return brim::test::file_content(path);
}

/// The table's last line.
std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  return text.substr(text.rfind('\n', end) + 1, end - text.rfind('\n', end));
}

}  // namespace

TEST_CASE("the warmest zone and the fastest core are reported") {
  const ScratchFolder folder;
  folder.write("sys/class/thermal/thermal_zone0/temp", "48312\n");
  folder.write("sys/class/thermal/thermal_zone1/temp", "61250\n");
  folder.write("sys/class/thermal/cooling_device0/temp", "99000\n");
  folder.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000\n");
  folder.write("sys/devices/system/cpu/cpu4/cpufreq/scaling_cur_freq", "2256000\n");
  const Board board = read_board(folder.path);
  CHECK(board.celsius == 61.25);
  CHECK(board.megahertz == 2256.0);
}

TEST_CASE("nothing is reported where nothing, or nonsense, is there") {
  const ScratchFolder folder;
  CHECK(!read_board(folder.path).celsius);
  CHECK(!read_board(folder.path).megahertz);
  folder.write("sys/class/thermal/thermal_zone0/temp", "-274000\n");
  folder.write("sys/class/thermal/thermal_zone1/temp", "unknown\n");
  folder.write("sys/class/thermal/thermal_zone2/temp", "99999999\n");
  CHECK(!read_board(folder.path).celsius);
}

TEST_CASE("below the table stand the extremes of all rows, or nothing where nothing is known") {
  CHECK(last_line(table({{48.4, 2400}, {61.25, 1800}, {}})) == "Right after the tests: 48–61 °C, 1800–2400 MHz");
  CHECK(last_line(table({{{}, 1500}})) == "Right after the tests: 1500 MHz");
  CHECK(last_line(table({{55.0, {}}})) == "Right after the tests: 55 °C");
  CHECK(table({{}}).find("Right after") == std::string::npos);
  CHECK(table({{}}).find("GB/s") != std::string::npos);
}
