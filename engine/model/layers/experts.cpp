// A feed-forward of experts: for each token a router chooses a few of them, whose outputs are added, weighted. Some
// models have further experts that every token uses.
#include <algorithm>

#include "engine/model/layers/feed_forward.hpp"

namespace brim::model {
namespace {

// What experts are chosen by.
struct Ranking {
  const float* scores;
  const std::vector<float>& bias;

  float operator()(int expert) const noexcept {
    return bias.empty() ? scores[expert] : scores[expert] + bias[static_cast<std::size_t>(expert)];
  }
};

// The rank of a group: the sum of its two best experts'.
float rank_of_group(const Ranking& ranked, int first, int size) noexcept {
  float best = ranked(first), second = 0;
  for (int e = first + 1; e < first + size; ++e) {
    const float rank = ranked(e);
    if (rank > best) {
      second = best;
      best = rank;
    } else if (e == first + 1 || rank > second) {
      second = rank;
    }
  }
  return best + second;
}

// Whether fewer groups than may be used are better than this one (ties: the lower index).
bool uses_group(const Config& config, const Ranking& ranked, int group) noexcept {
  const int size = config.experts / config.expert_groups;
  const float own = rank_of_group(ranked, group * size, size);
  int better = 0;
  for (int other = 0; other < config.expert_groups; ++other) {
    const float rank = other == group ? own : rank_of_group(ranked, other * size, size);
    if (rank > own || (rank == own && other < group)) ++better;
  }
  return better < config.expert_groups_used;
}

// The best experts_used experts (ties: the lower index) of those in the best groups, in ascending order of index.
void choose_best(const Config& config, const Ranking& ranked, std::int32_t* choice) noexcept {
  const int used = config.experts_used, size = config.experts / config.expert_groups;
  int found = 0;
  for (int rank = 0; rank < used; ++rank) {
    int best = -1;
    for (int e = 0; e < config.experts; ++e) {
      if (std::find(choice, choice + found, e) != choice + found) continue;
      if (config.expert_groups > 1 && e % size == 0 && !uses_group(config, ranked, e / size)) {
        e += size - 1;
        continue;
      }
      if (best < 0 || ranked(e) > ranked(best)) best = e;
    }
    choice[found++] = best;
  }
  std::sort(choice, choice + used);
}

// What one token's experts are, and their weights.
void choose_for_token(const Pass& pass, const LayerWeights& weights, std::int64_t token) noexcept {
  const Config& config = pass.config;
  const kernels::Table& table = pass.runtime.table;
  const int experts = config.experts, used = config.experts_used;
  float* scores = pass.work.router.data() + token * experts;
  std::int32_t* choice = pass.work.expert_choice.data() + token * used;
  float* weight = pass.work.expert_weight.data() + token * used;
  if (config.router_score == RouterScore::softmax) table.softmax(scores, experts);
  if (config.router_score == RouterScore::sigmoid) table.sigmoid(scores, experts);
  choose_best(config, {scores, weights.router_choice_bias}, choice);
  for (int i = 0; i < used; ++i) weight[i] = scores[choice[i]];
  if (config.router_score == RouterScore::softmax_of_chosen) table.softmax(weight, used);
  float sum = 0;
  for (int i = 0; i < used; ++i) sum += weight[i];
  if (config.expert_weights_normalised && sum > 0) {
    for (int i = 0; i < used; ++i) weight[i] /= sum;
  }
  if (config.expert_weights_scale != 1.0f) table.scale(weight, used, config.expert_weights_scale);
}

// Copies the tokens that chose `expert` into work.gathered; returns how many.
std::int64_t gather(const Pass& pass, const float* input, int expert) noexcept {
  Workspace& work = pass.work;
  const std::int64_t width = pass.config.embedding;
  const int used = pass.config.experts_used;
  std::int64_t count = 0;
  for (std::int64_t t = 0; t < pass.tokens; ++t) {
    const std::int32_t* choice = work.expert_choice.data() + t * used;
    if (std::find(choice, choice + used, expert) == choice + used) continue;
    work.expert_tokens[static_cast<std::size_t>(count)] = static_cast<std::int32_t>(t);
    work.gathered_roles[static_cast<std::size_t>(count)] = pass.roles[t];
    std::copy_n(input + t * width, width, work.gathered.data() + count * width);
    ++count;
  }
  return count;
}

void apply_expert(const Pass& pass, const ExpertMatrices& matrices, int expert, const float* x, float* out) noexcept {
  const quant::Matrix& matrix = matrices.of(expert);
  apply(pass, matrix, x, out);
  const float scale = matrices.scale_of(expert);
  if (scale != 1.0f) pass.runtime.table.scale(out, pass.tokens * matrix.rows, scale);
  const float* bias = matrices.bias_of(expert);
  if (bias == nullptr) return;
  for (std::int64_t t = 0; t < pass.tokens; ++t) {
    pass.runtime.table.add_scaled(out + t * matrix.rows, bias, matrix.rows, 1.0f);
  }
}

// Adds the expert's output, weighted, to the branches of the gathered tokens.
void add_expert(const Pass& pass, const LayerWeights& weights, int expert, std::int64_t count) noexcept {
  Workspace& work = pass.work;
  const std::int64_t width = pass.config.embedding;
  const int used = pass.config.experts_used;
  Pass part = pass;
  part.tokens = count;
  part.roles = work.gathered_roles.data();
  apply_expert(part, weights.expert_up, expert, work.gathered.data(), work.up.data());
  float* inner = work.up.data();
  if (pass.config.gated_experts) {
    inner = work.gate.data();
    apply_expert(part, weights.expert_gate, expert, work.gathered.data(), inner);
    activate(part, count, pass.config.expert_feed_forward);
  } else {
    activate_alone(part, pass.config.expert_feed_forward);
  }
  apply_expert(part, weights.expert_down, expert, inner, work.expert_out.data());
  for (std::int64_t row = 0; row < count; ++row) {
    const std::int64_t t = work.expert_tokens[static_cast<std::size_t>(row)];
    const std::int32_t* choice = work.expert_choice.data() + t * used;
    const std::int64_t rank = std::find(choice, choice + used, expert) - choice;
    pass.runtime.table.add_scaled(work.branch.data() + t * width, work.expert_out.data() + row * width, width,
                                  work.expert_weight[static_cast<std::size_t>(t * used + rank)]);
  }
}

// branch = the experts that every token uses, weighted by the sigmoid of their router where they have one; or zeros.
void begin_with_shared(const Pass& pass, const LayerWeights& weights, const float* input) noexcept {
  Workspace& work = pass.work;
  const kernels::Table& table = pass.runtime.table;
  const std::int64_t width = pass.config.embedding;
  if (weights.shared_up.weight.empty()) {
    std::fill_n(work.branch.data(), pass.tokens * width, 0.0f);
    return;
  }
  dense_feed_forward(pass, input, {weights.shared_gate, weights.shared_up, weights.shared_down});
  if (weights.shared_router.weight.empty()) return;
  apply(pass, input, {{weights.shared_router, work.shared_weight.data()}});
  table.sigmoid(work.shared_weight.data(), pass.tokens);
  for (std::int64_t t = 0; t < pass.tokens; ++t) {
    table.scale(work.branch.data() + t * width, width, work.shared_weight[static_cast<std::size_t>(t)]);
  }
}

// The matrices of gates and of ups, and their biases, of experts that have both in one.
void cut_experts(const ExpertMatrices& both, std::int64_t width, ExpertMatrices& gate, ExpertMatrices& up) {
  for (std::size_t expert = 0; expert < both.each.size(); ++expert) {
    gate.each.push_back(both.each[expert].slice(0, width));
    up.each.push_back(both.each[expert].slice(width, width));
    if (!both.scales.empty()) {
      gate.scales.push_back(both.scales[expert]);
      up.scales.push_back(both.scales[expert]);
    }
    if (both.bias.empty()) continue;
    const float* bias = both.bias_of(static_cast<int>(expert));
    gate.bias.insert(gate.bias.end(), bias, bias + width);
    up.bias.insert(up.bias.end(), bias + width, bias + 2 * width);
  }
}

}  // namespace

Status read_experts(const TensorFinder& finder, const Config& config, LayerWeights& layer) {
  const std::int64_t width = config.expert_feed_forward, shared = config.shared_expert_feed_forward;
  BRIM_ASSIGN(layer.router_choice_bias, finder.optional_vector("exp_probs_b.bias", config.experts));
  if (config.gated_experts && finder.has("ffn_gate_up_exps.weight")) {
    BRIM_ASSIGN(const ExpertMatrices both,
                finder.experts("ffn_gate_up_exps", config.embedding, 2 * width, config.experts));
    cut_experts(both, width, layer.expert_gate, layer.expert_up);
  } else {
    if (config.gated_experts) {
      BRIM_ASSIGN(layer.expert_gate, finder.experts("ffn_gate_exps", config.embedding, width, config.experts));
    }
    BRIM_ASSIGN(layer.expert_up, finder.experts("ffn_up_exps", config.embedding, width, config.experts));
  }
  BRIM_ASSIGN(layer.expert_down, finder.experts("ffn_down_exps", width, config.embedding, config.experts));
  if (shared == 0) return {};
  if (config.gated_experts) {
    BRIM_ASSIGN(layer.shared_gate, finder.linear("ffn_gate_shexp", config.embedding, shared));
  }
  BRIM_ASSIGN(layer.shared_up, finder.linear("ffn_up_shexp", config.embedding, shared));
  BRIM_ASSIGN(layer.shared_down, finder.linear("ffn_down_shexp", shared, config.embedding));
  if (finder.has("ffn_gate_inp_shexp.weight")) {
    BRIM_ASSIGN(layer.shared_router, finder.linear("ffn_gate_inp_shexp", config.embedding, 1));
  }
  return {};
}

void choose_experts(const Pass& pass, const LayerWeights& weights, const float* input) noexcept {
  apply(pass, input, {{weights.router, pass.work.router.data()}});
  for (std::int64_t t = 0; t < pass.tokens; ++t) choose_for_token(pass, weights, t);
}

// Experts in ascending order, each over the tokens that chose it: a token's sum is computed in the same order whether
// it is processed alone or with others.
void expert_mixture(const Pass& pass, const LayerWeights& weights, const float* input) noexcept {
  begin_with_shared(pass, weights, input);
  for (int expert = 0; expert < pass.config.experts; ++expert) {
    if (const std::int64_t count = gather(pass, input, expert); count > 0) add_expert(pass, weights, expert, count);
  }
}

}  // namespace brim::model
