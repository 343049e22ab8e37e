// Processes a prompt and decodes greedily on three threads, with every way to store keys and values: prints one line
// for each, with the ids and a sum of all logits' bits. same_bits.sh compares the output of both implementations of
// platform/threads.hpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>

#include "engine/base/hash.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;

namespace {

constexpr int kTokens = 24;

void decode(const std::shared_ptr<const model::Model>& model, const char* type) {
  const auto sequence = test::tiny_sequence(model, {.type = type, .threads = 3});
  REQUIRE(model->threads().threads() == 3);
  REQUIRE(sequence->read(test::some_ids(100), {}, nullptr));
  Hash bits;
  std::printf("%s", type);
  for (int token = 0; token < kTokens; ++token) {
    const auto logits = sequence->logits();
    REQUIRE(logits);
    bits.add(logits->data(), logits->size_bytes());
    const auto id = static_cast<std::int32_t>(std::max_element(logits->begin(), logits->end()) - logits->begin());
    std::printf(" %d", id);
    REQUIRE(sequence->read_next(id, nullptr));
  }
  std::printf(" %016llx\n", static_cast<unsigned long long>(bits.value()));
}

}  // namespace

TEST_CASE("decoding") {
  for (const quant::Format format : {quant::Format::f32, quant::Format::q4_0, quant::Format::q4_k}) {
    test::TinyModel shape;
    shape.embedding = 256;
    shape.feed_forward = 768;
    shape.format = format;
    const auto model = test::tiny_model(shape);
    for (const char* type : {"f32", "f16", "q8_0", "q4_0"}) decode(model, type);
  }
}
