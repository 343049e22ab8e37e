// What rotating keys and values is worth where some dimensions are much larger than the others. The demo model has none,
// so it gets some without changing its function: one rotary pair of every key times 8 and of every query divided by 8, one
// dimension of every value times 8 and the column of the output matrix that meets it divided by 8.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "research/transforms/write.hpp"
#include "tests/engine/generate/reading.hpp"
#include "tests/kernels/rotated.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/shared_data.hpp"

namespace {

using namespace brim;
using kernels::KvType;

constexpr float kFactor = 8;  // a power of two: the function changes in no bit

/// One rotary pair of every key and one dimension of every value, this many times as large.
std::vector<research::Transform> outliers_of(const io::Gguf& model, float factor) {
  const auto config = model::read_config(model);
  if (!config) FAIL(config.error().sentence);
  return {research::KeyOutlier{{}, config->layers.front().key_size / 2 - 1, factor},
          research::ValueOutlier{{}, 3, factor}};
}

void write_model(const io::Gguf& model, std::span<const research::Transform> transforms, const std::string& to) {
  if (const Status status = research::write_transformed(model, transforms, to); !status) FAIL(status.error().sentence);
}

// q4_0 without rotation, through the place of f32: what packing rotates is rotated back before.
void pack_unrotated(const float* values, int size, std::byte* out) noexcept {
  const kernels::Table& table = kernels::active();
  const auto rotate = [](const std::vector<float>& x) {
    const std::vector<double> there = test::rotated(KvType::q4_0, x);
    return std::vector<float>(there.begin(), there.end());
  };
  std::vector<float> x = rotate(std::vector<float>(values, values + size));
  std::vector<std::byte> packed(kernels::kv_vector_bytes(KvType::q4_0, size));
  table.pack_kv[static_cast<int>(KvType::q4_0)](x.data(), size, packed.data());
  table.unpack_kv[static_cast<int>(KvType::q4_0)](packed.data(), size, x.data());
  std::memcpy(out, rotate(x).data(), static_cast<std::size_t>(size) * 4);
}

using Logits = std::vector<std::vector<float>>;

Logits read(const std::string& path, KvType type, const kernels::Table* table, std::span<const std::int32_t> ids) {
  auto model = model::Model::load(path, {.threads = 2, .table = table});
  if (!model) FAIL(model.error().sentence);
  run::SequenceOptions options;
  options.context = 512;
  options.budget.kind = kv::BudgetRequest::Kind::full;
  options.type = type;
  options.threads = 2;
  auto sequence = run::Sequence::create(*model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  Logits rows;
  const Status status = (*sequence)->read(ids, {}, nullptr, [&](std::int64_t, model::Decoder& decoder) {
    for (std::int64_t i = 0; i < decoder.last_tokens(); ++i) {
      rows.emplace_back(static_cast<std::size_t>((*model)->config().vocabulary));
      decoder.logits(i, 1, rows.back());
    }
  });
  if (!status) FAIL(status.error().sentence);
  return rows;
}

std::vector<std::int32_t> first_tokens(const std::string& model, const std::string& text, std::size_t count) {
  const auto loaded = model::Model::load(model, {.threads = 2});
  if (!loaded) FAIL(loaded.error().sentence);
  std::vector<std::int32_t> ids = (*loaded)->tokenizer().encode(text, {}).value();
  REQUIRE(ids.size() >= count);
  ids.resize(count);
  return ids;
}

// Mean KL of the distributions to those of `exact`.
double divergence(const Logits& exact, const Logits& found) {
  REQUIRE(exact.size() == found.size());
  double sum = 0;
  for (std::size_t row = 0; row < exact.size(); ++row) {
    // The loss of id 0 and the logits give the losses of all ids.
    const double one = test::negative_log_likelihood(exact[row], 0) + static_cast<double>(exact[row][0]);
    const double other = test::negative_log_likelihood(found[row], 0) + static_cast<double>(found[row][0]);
    for (std::size_t id = 0; id < exact[row].size(); ++id) {
      const double log_p = static_cast<double>(exact[row][id]) - one,
                   log_q = static_cast<double>(found[row][id]) - other;
      sum += std::exp(log_p) * (log_p - log_q);
    }
  }
  return sum / static_cast<double>(exact.size());
}

}  // namespace

TEST_CASE("a dimension eight times as large does not ruin rotated four-bit keys and values, and does unrotated ones" *
          doctest::test_suite("above the kernels")) {
  const std::string book = test::shared_file("texts/frankenstein.txt");
  if (book.empty()) return;
  const std::string text = test::file_content(book);
  const std::string bytes = test::file_content(std::string(BRIM_SOURCE_DIR) + "/models/brim-demo.gguf");
  const auto demo = io::Gguf::parse(std::as_bytes(std::span(bytes)), "brim-demo.gguf");
  if (!demo) FAIL(demo.error().sentence);
  const test::ScratchFolder folder;
  const std::string path = folder.path + "/plain.gguf", outliers = folder.path + "/outliers.gguf";
  write_model(*demo, {}, path);
  write_model(*demo, outliers_of(*demo, kFactor), outliers);
  kernels::Table unrotated = kernels::active();
  unrotated.pack_kv[static_cast<int>(KvType::f32)] = pack_unrotated;

  double eight = 0, five = 0, four = 0, plain = 0;
  constexpr int kWindows = 4;  // the ratios of single windows differ by half
  for (int window = 1; window <= kWindows; ++window) {
    const auto ids = first_tokens(path, text.substr(static_cast<std::size_t>(window) * 30000, 3000), 385);
    const Logits exact = read(outliers, KvType::f32, nullptr, ids);
    CHECK(divergence(read(path, KvType::f32, nullptr, ids), exact) < 1e-9);
    const auto loss = [&](KvType type, const kernels::Table* table) {
      return divergence(exact, read(outliers, type, table, ids)) / kWindows;
    };
    eight += loss(KvType::q8_0, nullptr);
    five += loss(KvType::q5_0, nullptr);
    four += loss(KvType::q4_0, nullptr);
    plain += loss(KvType::f32, &unrotated);
  }
  MESSAGE("KL: q8_0 ", eight, ", q5_0 ", five, ", q4_0 ", four, ", q4_0 without rotation ", plain);
  CHECK(eight < five);
  CHECK(five < four);
  CHECK(four <= 5 * five);
  CHECK(plain >= 5 * four);
}
