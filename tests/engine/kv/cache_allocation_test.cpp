// Between create and the end of a session the cache allocates nothing: not when reading, evicting, rebasing, going
// back.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

namespace {

std::atomic<long> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// All but the aligned ones, which keep calling the library's.
void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Cache;
using brim::kv::Plan;

TEST_CASE("no allocation after create") {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::q8_0}) {
    brim::kv::Shape shape = fake_shape(3, 256, type, 2, 48);
    shape.layers[1].window = 40;
    const Plan plan = plan_of(shape, budget_share(40));
    REQUIRE(!plan.quota.empty());
    FakeModel model(plan);
    REQUIRE(model.ok());
    Cache& cache = model.cache();
    const std::vector<float> values(static_cast<std::size_t>(plan.chunk) * 2 * 48, 0.25f);

    const auto read = [&](std::int64_t n) {
      cache.begin(n);
      for (int layer = 0; layer < 3; ++layer) {
        cache.stage(layer, values.data(), values.data());
        const brim::kv::View view = cache.view(layer);
        for (std::int64_t first = 0; first < view.entries();) first += view.stretch(1, first, view.entries()).count;
        cache.commit(layer);
      }
      cache.end();
    };
    const long before = allocations.load();
    for (int i = 0; i < 20; ++i) read(plan.chunk);
    for (int i = 0; i < 600; ++i) read(1);
    cache.truncate(cache.tokens() - 1);
    cache.begin(1);
    cache.stage(0, values.data(), values.data());
    cache.abandon();
    const std::int64_t evicted = cache.evicted(), rebased = cache.rebased(), used = cache.bytes_used();
    cache.clear();
    const long after = allocations.load();
    CHECK(after == before);
    CHECK(evicted > 0);
    CHECK(rebased > 0);
    CHECK(used <= plan.budget_bytes);
  }
}
