// What rotating keys and values is worth where some dimensions are much larger than the others. The trained model
// (stories3M) has none, so it gets some without changing its function: one rotary pair of every key times 8 and of every
// query divided by 8, one dimension of every value times 8 and the column of the output matrix that meets it divided by 8.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "engine/io/gguf.hpp"
#include "kernels/dispatch.hpp"
#include "tests/engine/generate/reading.hpp"
#include "tests/kernels/rotated.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/shared_data.hpp"

namespace {

using namespace brim;
using kernels::KvType;

constexpr float kFactor = 8;  // a power of two: the function changes in no bit

struct Heads {
  std::int64_t heads, kv_heads, size;
};

// Multiplies the rows [row, row + count) of a tensor, or the column `column` of all its rows.
void scale_rows(const io::Tensor& tensor, std::int64_t row, std::int64_t count, float factor) {
  auto* values = reinterpret_cast<float*>(const_cast<std::byte*>(tensor.data.data())) + row * tensor.shape[0];
  for (std::int64_t i = 0; i < count * tensor.shape[0]; ++i) values[i] *= factor;
}
void scale_column(const io::Tensor& tensor, std::int64_t column, float factor) {
  auto* values = reinterpret_cast<float*>(const_cast<std::byte*>(tensor.data.data())) + column;
  for (std::int64_t row = 0; row < tensor.rows(); ++row) values[row * tensor.shape[0]] *= factor;
}

// Writes the model with outliers to `to`.
void write_with_outliers(const std::string& path, const std::string& to) {
  std::string bytes = test::file_content(path);
  const auto file = io::Gguf::parse(std::as_bytes(std::span(bytes)), path);
  if (!file) FAIL(file.error().sentence);
  const auto number = [&](const char* key) {
    const io::Value* value = file->find(key);
    REQUIRE(value != nullptr);
    return value->as_integer().value_or(0);
  };
  Heads shape{number("llama.attention.head_count"), number("llama.attention.head_count_kv"), 0};
  shape.size = number("llama.embedding_length") / shape.heads;
  const std::int64_t pair = shape.size - 2, dimension = 3;
  for (std::int64_t block = 0; block < number("llama.block_count"); ++block) {
    const auto tensor = [&](const char* name) -> const io::Tensor& {
      const io::Tensor* found = file->tensor("blk." + std::to_string(block) + "." + name);
      REQUIRE(found != nullptr);
      REQUIRE(found->format == quant::Format::f32);
      return *found;
    };
    for (std::int64_t head = 0; head < shape.kv_heads; ++head) {
      scale_rows(tensor("attn_k.weight"), head * shape.size + pair, 2, kFactor);
      scale_rows(tensor("attn_v.weight"), head * shape.size + dimension, 1, kFactor);
    }
    for (std::int64_t head = 0; head < shape.heads; ++head) {
      scale_rows(tensor("attn_q.weight"), head * shape.size + pair, 2, 1 / kFactor);
      scale_column(tensor("attn_output.weight"), head * shape.size + dimension, 1 / kFactor);
    }
  }
  std::ofstream(to, std::ios::binary) << bytes;
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

TEST_CASE("a dimension eight times as large does not ruin rotated four-bit keys and values, and does unrotated ones") {
  const std::string path = test::shared_file("models/stories3M-f32.gguf");
  const std::string texts = test::shared_file("golden/trained/eval_ids.json");
  if (path.empty() || texts.empty()) return;
  const std::vector<std::int32_t> all = test::read_json(texts)["text_token_ids"];
  std::vector<std::int32_t> ids{1};
  ids.insert(ids.end(), all.begin(), all.begin() + 384);

  const test::ScratchFolder folder;
  const std::string outliers = folder.path + "/outliers.gguf";
  write_with_outliers(path, outliers);
  kernels::Table unrotated = kernels::active();
  unrotated.pack_kv[static_cast<int>(KvType::f32)] = pack_unrotated;

  const Logits exact = read(outliers, KvType::f32, nullptr, ids);
  CHECK(divergence(read(path, KvType::f32, nullptr, ids), exact) < 1e-9);
  const auto loss = [&](KvType type, const kernels::Table* table) {
    return divergence(exact, read(outliers, type, table, ids));
  };
  const double eight = loss(KvType::q8_0, nullptr), five = loss(KvType::q5_0, nullptr),
               four = loss(KvType::q4_0, nullptr), plain = loss(KvType::f32, &unrotated);
  MESSAGE("KL: q8_0 ", eight, ", q5_0 ", five, ", q4_0 ", four, ", q4_0 without rotation ", plain);
  CHECK(eight < five);
  CHECK(five < four);
  CHECK(four <= 5 * five);
  CHECK(plain >= 5 * four);
}
