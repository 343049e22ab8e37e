// A feed-forward of experts: for each token a router chooses a few of them, whose outputs are added, weighted.
#include <algorithm>

#include "engine/model/layers/feed_forward.hpp"

namespace brim::model {
namespace {

// Softmax over all experts, the best experts_used of them (ties: the lower index), in ascending order of index.
void choose_experts(const Pass& pass, std::int64_t token) noexcept {
  const int experts = pass.config.experts, used = pass.config.experts_used;
  float* shares = pass.work.router.data() + token * experts;
  std::int32_t* choice = pass.work.expert_choice.data() + token * used;
  float* weight = pass.work.expert_weight.data() + token * used;
  pass.runtime.table.softmax(shares, experts);
  int found = 0;
  for (int rank = 0; rank < used; ++rank) {
    int best = -1;
    for (int e = 0; e < experts; ++e) {
      if (std::find(choice, choice + found, e) != choice + found) continue;
      if (best < 0 || shares[e] > shares[best]) best = e;
    }
    choice[found++] = best;
  }
  std::sort(choice, choice + used);
  float sum = 0;
  for (int i = 0; i < used; ++i) sum += weight[i] = shares[choice[i]];
  if (!pass.config.expert_weights_normalised || !(sum > 0)) return;
  for (int i = 0; i < used; ++i) weight[i] /= sum;
}

// Copies the tokens that chose `expert` into work.gathered; returns how many.
std::int64_t gather(const Pass& pass, int expert) noexcept {
  Workspace& work = pass.work;
  const std::int64_t width = pass.config.embedding;
  const int used = pass.config.experts_used;
  std::int64_t count = 0;
  for (std::int64_t t = 0; t < pass.tokens; ++t) {
    const std::int32_t* choice = work.expert_choice.data() + t * used;
    if (std::find(choice, choice + used, expert) == choice + used) continue;
    work.expert_tokens[static_cast<std::size_t>(count)] = static_cast<std::int32_t>(t);
    work.gathered_roles[static_cast<std::size_t>(count)] = pass.roles[t];
    std::copy_n(work.normed.data() + t * width, width, work.gathered.data() + count * width);
    ++count;
  }
  return count;
}

// Adds the expert's output, weighted, to the branches of the gathered tokens.
void add_expert(const Pass& pass, const LayerWeights& weights, int expert, std::int64_t count) noexcept {
  Workspace& work = pass.work;
  const std::int64_t width = pass.config.embedding;
  const int used = pass.config.experts_used;
  Pass part = pass;
  part.tokens = count;
  part.roles = work.gathered_roles.data();
  apply(part, weights.expert_gate.of(expert), work.gathered.data(), work.gate.data());
  apply(part, weights.expert_up.of(expert), work.gathered.data(), work.up.data());
  activate(part, count, pass.config.expert_feed_forward);
  apply(part, weights.expert_down.of(expert), work.gate.data(), work.expert_out.data());
  for (std::int64_t row = 0; row < count; ++row) {
    const std::int64_t t = work.expert_tokens[static_cast<std::size_t>(row)];
    const std::int32_t* choice = work.expert_choice.data() + t * used;
    const std::int64_t rank = std::find(choice, choice + used, expert) - choice;
    pass.runtime.table.add_scaled(work.branch.data() + t * width, work.expert_out.data() + row * width, width,
                                  work.expert_weight[static_cast<std::size_t>(t * used + rank)]);
  }
}

}  // namespace

// Experts in ascending order, each over the tokens that chose it: a token's sum is computed in the same order whether
// it is processed alone or with others.
void expert_mixture(const Pass& pass, const LayerWeights& weights) noexcept {
  const Config& config = pass.config;
  Workspace& work = pass.work;
  const std::int64_t width = config.embedding;
  apply(pass, weights.router, work.normed.data(), work.router.data());
  for (std::int64_t t = 0; t < pass.tokens; ++t) choose_experts(pass, t);
  std::fill_n(work.branch.data(), pass.tokens * width, 0.0f);
  for (int expert = 0; expert < config.experts; ++expert) {
    if (const std::int64_t count = gather(pass, expert); count > 0) add_expert(pass, weights, expert, count);
  }
}

}  // namespace brim::model
