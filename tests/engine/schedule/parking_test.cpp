// Texts that lose their seat: they come back exactly, also after a start, for their key alone; altered files are refused;
// and the files stay within their bytes.
#include "engine/schedule/parking.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/engine/schedule/scheduling.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_recurrent.hpp"

namespace parking_test {

using namespace brim;
using schedule::Parking;
using test::request_of;
using test::submit;
namespace fs = std::filesystem;

schedule::SchedulerOptions parking_in(const std::string& folder, std::int64_t bytes = std::int64_t{1} << 30) {
  schedule::SchedulerOptions options = test::seats_of(1);
  options.park_folder = folder;
  options.park_bytes = bytes;
  return options;
}

test::Answer answered(schedule::Scheduler& scheduler, schedule::Request request, const char* key = "a") {
  test::Answers answers;
  request.key = key;
  const auto id = submit(scheduler, std::move(request));
  answers.finish(scheduler);
  return answers.of(id);
}

std::vector<fs::path> parked_files(const std::string& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".park") found.push_back(entry.path());
  }
  return found;
}

schedule::Request longer(schedule::Request request) {
  for (TokenId id = 300; id < 310; ++id) request.ids.push_back(id);
  return request;
}

TEST_CASE("a text that lost its seat comes back, and its answer is the answer alone") {
  const test::ScratchFolder folder;
  const auto model = test::tiny_model();
  const schedule::SchedulerOptions options = parking_in(folder.path + "/park");
  const auto scheduler = test::make_scheduler(model, options);
  (void)answered(*scheduler, request_of(1, 100, 4));
  (void)answered(*scheduler, request_of(2, 100, 4));
  CHECK(scheduler->counts().parked == 1);
  const schedule::Request again = longer(request_of(1, 100, 6));
  const test::Answer found = answered(*scheduler, again);
  CHECK(found.cached == 100);
  test::check_same(found, test::answer_alone(model, options, again));
  CHECK(scheduler->counts().restored == 1);
  CHECK(scheduler->counts().parked == 2);
  CHECK(scheduler->counts().parking_failed == 0);
  CHECK((fs::status(folder.path + "/park").permissions() & fs::perms::all) == fs::perms::owner_all);
  for (const auto& entry : fs::directory_iterator(folder.path + "/park")) {
    CHECK((fs::status(entry.path()).permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));
  }
}

TEST_CASE("parked texts are there after a start, for their key alone") {
  const test::ScratchFolder folder;
  const auto model = test::tiny_model();
  const schedule::SchedulerOptions options = parking_in(folder.path + "/park");
  {
    const auto scheduler = test::make_scheduler(model, options);
    (void)answered(*scheduler, request_of(1, 100, 4));
  }
  const auto scheduler = test::make_scheduler(model, options);
  CHECK(scheduler->counts().parked_bytes > 0);
  CHECK(answered(*scheduler, longer(request_of(1, 100, 4)), "b").cached == 0);
  schedule::Request fresh = longer(request_of(1, 100, 4));
  fresh.reuse = false;
  CHECK(answered(*scheduler, fresh).cached == 0);
  CHECK(answered(*scheduler, longer(request_of(3, 100, 4))).cached <= 1);  // all texts begin with the same id
  CHECK(answered(*scheduler, longer(request_of(1, 100, 4))).cached >= 100);
  schedule::SchedulerOptions other = options;
  other.prefill_chunk = 32;
  other.seat.sequence.budget = kv::parse_budget("40%").value();
  CHECK(answered(*test::make_scheduler(model, other), longer(request_of(1, 100, 4))).cached == 0);
}

TEST_CASE("parked states of recurrent layers continue at their checkpoint") {
  const test::ScratchFolder folder;
  const auto model = test::tiny_model(test::tiny_recurrent("lfm2"));
  const auto scheduler = test::make_scheduler(model, parking_in(folder.path + "/park"));
  (void)answered(*scheduler, request_of(1, 100, 4));
  (void)answered(*scheduler, request_of(2, 100, 4));
  CHECK(answered(*scheduler, longer(request_of(1, 100, 4))).cached == 100);
}

TEST_CASE("parked files that were altered anywhere are not used, and removed") {
  const test::ScratchFolder folder;
  const auto model = test::tiny_model();
  const std::string path = folder.path + "/park";
  const schedule::SchedulerOptions options = parking_in(path);
  test::Random random(3);
  for (int round = 0; round < 8; ++round) {
    fs::remove_all(path);
    { (void)answered(*test::make_scheduler(model, options), request_of(1, 100, 4)); }
    const std::vector<fs::path> files = parked_files(path);
    REQUIRE(files.size() == 1);
    const bool while_open = round % 2 == 0;
    auto scheduler = while_open ? test::make_scheduler(model, options) : nullptr;
    const auto size = static_cast<std::int64_t>(fs::file_size(files[0]));
    const std::int64_t at = round == 1 ? 0 : round == 3 ? 16 : random.pick(0, size - 1);
    if (round == 7) {
      fs::resize_file(files[0], static_cast<std::uintmax_t>(at));
    } else {
      std::fstream file(files[0], std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(at);
      const auto byte = static_cast<char>(file.get());
      file.seekp(at);
      file.put(static_cast<char>(byte ^ 0x20));
    }
    if (!while_open) scheduler = test::make_scheduler(model, options);
    const schedule::Request again = longer(request_of(1, 100, 4));
    const test::Answer found = answered(*scheduler, again);
    INFO("round ", round, ", byte ", at);
    if (while_open) CHECK(found.cached == 0);
    if (while_open) CHECK(scheduler->counts().parking_failed == 1);
    CHECK(parked_files(path).empty());
    CHECK(found.cached == 0);
    test::check_same(found, test::answer_alone(model, options, again));
  }
}

TEST_CASE("parked files stay within their bytes, the one that was not used for longest goes first") {
  const test::ScratchFolder folder;
  const auto model = test::tiny_model();
  const std::string path = folder.path + "/park";
  std::int64_t one = 0;
  {
    const auto scheduler = test::make_scheduler(model, parking_in(path));
    (void)answered(*scheduler, request_of(1, 100, 4));
    (void)answered(*scheduler, request_of(2, 100, 4));
    one = scheduler->counts().parked_bytes;
  }
  fs::remove_all(path);
  const std::int64_t max = 2 * one + one / 2;
  const auto scheduler = test::make_scheduler(model, parking_in(path, max));
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    (void)answered(*scheduler, request_of(seed, 100, 4));
    CHECK(scheduler->counts().parked_bytes <= max);
  }
  CHECK(parked_files(path).size() == 2);                                     // of 2 and 3
  CHECK(answered(*scheduler, longer(request_of(1, 100, 4))).cached <= 1);    // parks 4, removes 2
  CHECK(answered(*scheduler, longer(request_of(3, 100, 4))).cached == 100);  // parks 1, removes 4
  CHECK(answered(*scheduler, longer(request_of(4, 100, 4))).cached <= 1);
  const auto small = test::make_scheduler(model, parking_in(folder.path + "/small", 100));
  (void)answered(*small, request_of(1, 100, 4));
  (void)answered(*small, request_of(2, 100, 4));
  CHECK(small->counts().parking_failed == 1);
  CHECK(parked_files(folder.path + "/small").empty());
}

TEST_CASE("folders that cannot be used for parking are refused") {
  const test::ScratchFolder folder;
  CHECK(!Parking::open("relative", 100, "m"));
  CHECK(!Parking::open(folder.path + "/a", 0, "m"));
  fs::create_directory(folder.path + "/open");
  fs::permissions(folder.path + "/open", fs::perms::all);
  const auto refused = Parking::open(folder.path + "/open", 100, "m");
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find("may be written by other users") != std::string::npos);
  REQUIRE(Parking::open(folder.path + "/own", 100, "m"));
  std::ofstream(folder.path + "/own/key") << "short";
  const auto short_key = Parking::open(folder.path + "/own", 100, "m");
  REQUIRE(!short_key);
  CHECK(short_key.error().sentence.find("expected a key of 32 bytes, found 5") != std::string::npos);
}

}  // namespace parking_test
