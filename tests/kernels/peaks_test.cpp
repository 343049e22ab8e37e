// The measured peaks: what they count, not how fast this machine is.
#include "kernels/peaks.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "kernels/dispatch.hpp"

using namespace brim::kernels;

TEST_CASE("every set's 8-bit peak counts operations in proportion to the rounds") {
  for (const std::string_view set : usable_sets(this_machine(), "")) {
    const Table table = table_for(set);
    CHECK(table.int8_operations(0) == 0);
    const std::int64_t one = table.int8_operations(1);
    CHECK(one > 0);
    CHECK(table.int8_operations(100) == 100 * one);
  }
}

TEST_CASE("a measured peak is a plausible number") {
  ThreadPool pool(3);
  CHECK(measure_int8({active(), {}}) > 1e6);
  CHECK(measure_int8({active(), {pool, 2}}) > 1e6);
  const std::vector<std::byte> buffer(std::size_t{40} << 20);
  for (int threads = 1; threads <= 3; ++threads) {
    const ReadPeak found = measure_read({pool, threads}, buffer);
    CHECK(found.bytes_per_second > 1e6);
    CHECK(found.streams >= 1);
    CHECK(found.streams <= 32);
  }
}

TEST_CASE("nothing is said about a buffer that caches hold") {
  const std::vector<std::byte> buffer(std::size_t{1} << 20);
  CHECK(measure_read({}, buffer).bytes_per_second == 0);
  CHECK(measure_read({}, {}).streams == 0);
}
