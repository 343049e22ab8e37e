// The functions of the C interface for benchmarks: the work of a token, the bytes of a cache entry, going back, the
// machine's peaks.
#include <brim/brim.h>
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "brim/brim.hpp"
#include "tests/support/tiny_file.hpp"

namespace {

brim::Model tiny() { return brim::Model::load(brim::test::TinyFile().path); }

}  // namespace

TEST_CASE("the work of a token") {
  const brim_model_info info = tiny().info();
  // Three layers of 64 wide: q and output 64 × 64, k and v 32 × 64, three feed-forward matrices 96 × 64; all F32.
  CHECK(info.layer_weights == 3 * 64 * (64 + 64 + 32 + 32 + 3 * 96));
  CHECK(info.output_weights == 64 * info.vocabulary);
  CHECK(info.token_bytes == 4 * (info.layer_weights + info.output_weights));
}

TEST_CASE("an entry's bytes and going back") {
  const brim::Model model = tiny();
  brim::Session session(model, {{"kv.budget", "full"}, {"temperature", "0"}, {"stop.ignore_eos", "1"}});
  // Two KV heads of 16 values, keys and values, f16.
  CHECK(session.layer_stats(0).entry_bytes == 2 * 16 * 2 * 2);
  CHECK(std::string(session.layer_stats(0).kv_type) == "f16");
  const brim::Session packed(model, {{"kv.type", "q8_0:q4_0"}});
  CHECK(packed.layer_stats(0).entry_bytes == 2 * (2 + 16 + 2 + 8));
  CHECK(std::string(packed.layer_stats(0).kv_type) == "q8_0:q4_0");
  CHECK(std::string(packed.stats().kv_type) == "q8_0:q4_0");
  const std::vector<std::int32_t> ids = model.tokenize("the cat sat on the mat", true, false);
  session.append(ids);
  const std::int32_t first = session.next().id;
  session.next();
  CHECK(session.rewind(static_cast<std::int64_t>(ids.size()) - 1));
  CHECK(session.stats().tokens == static_cast<std::int64_t>(ids.size()) - 1);
  session.append({ids.back()});
  CHECK(session.next().id == first);
  CHECK_THROWS_AS(session.rewind(-1), brim::Exception);
  CHECK(brim_session_rewind(nullptr, 0) == BRIM_INVALID_ARGUMENT);

  brim::Session small(model, {{"kv.budget", "30%"}});
  small.append(std::vector<std::int32_t>(200, ids[1]));
  CHECK(!small.rewind(20));
  CHECK(small.stats().tokens == 200);
}

TEST_CASE("the machine's peaks") {
  const brim_machine machine = brim::measure_machine(2);
  CHECK(std::string(machine.cpu).size() > 0);
  CHECK(std::string(machine.isa) == brim_isa());
  CHECK(machine.threads == 2);
  CHECK(machine.read_streams >= 1);
  CHECK(machine.read_bytes_per_second > 1e6);
  CHECK(machine.int8_operations_per_second > 1e6);
  brim_machine out{};
  out.size = sizeof out;
  CHECK(brim_measure_machine(0, &out) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_measure_machine(513, &out) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_measure_machine(1, nullptr) == BRIM_INVALID_ARGUMENT);
}
