// Processing recorded ids in a sequence, and the numbers that goldens are compared by. Header-only, because every
// *_golden.cpp here is a separate program.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.hpp"
#include "engine/run/sequence.hpp"

namespace brim::test {

inline nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

inline std::vector<float> read_floats(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<float> values(static_cast<std::size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  return values;
}

/// −ln of the softmax of `logits` at `target`, in double.
inline double negative_log_likelihood(std::span<const float> logits, std::int32_t target) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return std::log(sum) + largest - logits[static_cast<std::size_t>(target)];
}

inline std::int32_t arg_max(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// A model and one sequence over it, with a full cache.
class Reading {
 public:
  Reading(const std::string& path, std::int64_t context, kernels::KvType type, int threads = 2) {
    auto model = model::Model::load(path, {.threads = 3});  // sequences take as many of them as they need
    if (!model) FAIL(model.error().sentence);
    run::SequenceOptions options;
    options.context = context;
    options.budget.kind = kv::BudgetRequest::Kind::full;
    options.type = type;
    options.threads = threads;
    auto sequence = run::Sequence::create(*model, options);
    if (!sequence) FAIL(sequence.error().sentence);
    sequence_ = std::move(*sequence);
  }

  /// Processes ids, at most `piece` at a time, beginning with an empty cache; returns the logits after each of them.
  std::vector<std::vector<float>> read_all(std::span<const std::int32_t> ids, std::size_t piece = SIZE_MAX) {
    sequence_->clear();
    std::vector<std::vector<float>> rows;
    for (; !ids.empty(); ids = ids.subspan(std::min(piece, ids.size()))) {
      const auto next = ids.first(std::min(piece, ids.size()));
      const Status status = sequence_->read(next, {}, nullptr, [&](std::int64_t, model::Decoder& decoder) {
        for (std::int64_t i = 0; i < decoder.last_tokens(); ++i) {
          rows.emplace_back(static_cast<std::size_t>(sequence_->model().config().vocabulary));
          decoder.logits(i, 1, rows.back());
        }
      });
      if (!status) FAIL(status.error().sentence);
    }
    return rows;
  }

  /// The most likely tokens that follow the text so far; each one is processed in turn.
  std::vector<std::int32_t> continue_greedily(std::size_t count) {
    std::vector<std::int32_t> tokens;
    while (tokens.size() < count) {
      const auto logits = sequence_->logits();
      if (!logits) FAIL(logits.error().sentence);
      const std::int32_t token = arg_max(*logits);
      tokens.push_back(token);
      if (const Status status = sequence_->read({&token, 1}, {}, nullptr); !status) FAIL(status.error().sentence);
    }
    return tokens;
  }

  run::Sequence& sequence() { return *sequence_; }

 private:
  std::unique_ptr<run::Sequence> sequence_;
};

}  // namespace brim::test
