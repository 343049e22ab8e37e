// See plan.hpp. All sums saturate (saturate.hpp): a shape from a model file may ask for anything.
#include "engine/kv/plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "engine/kv/check_shape.hpp"
#include "engine/kv/costs.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/profile.hpp"
#include "engine/kv/saturate.hpp"
#include "engine/kv/storage.hpp"

namespace brim::kv {
namespace {

/// What is needed where everything fits: nothing is compared or scored, because nothing is ever evicted.
Needs needs_of_whole(Needs needs) {
  if (needs.measure == EntryMeasure::distinctness || needs.measure == EntryMeasure::learned) {
    needs.measure = EntryMeasure::none;
  }
  return needs;
}

/// What a refusal says about it.
std::string_view copy_for_drafts(const Shape& shape) { return shape.drafts ? " and as much for speculation" : ""; }

/// `whole`: the costs of a cache that holds everything; `costs`: of one that does not.
Result<std::int64_t> requested_bytes(const Costs& costs, const Costs& whole, const Shape& shape, Needs needs,
                                     const BudgetRequest& request, std::int64_t automatic_bytes) {
  const std::int64_t full = whole.full();
  const std::int64_t min = std::min(costs.min(), full);
  std::int64_t bytes = full;
  std::string what;
  switch (request.kind) {
    case BudgetRequest::Kind::full:
      what = "the full KV cache";
      break;
    case BudgetRequest::Kind::bytes:
      bytes = std::max<std::int64_t>(request.bytes, 0);
      what = "the KV budget";
      break;
    case BudgetRequest::Kind::percent:
      if (!(request.percent > 0 && request.percent <= 100)) {
        return error(ErrorCode::invalid_argument, "KV budget: ", request.percent,
                     "%; expected above 0% and up to 100%");
      }
      if (request.percent < 100) {
        bytes = static_cast<std::int64_t>(std::floor(static_cast<double>(full) * (request.percent / 100)));
      }
      what = sentence("the KV budget, ", request.percent, "% of ", bytes_text(full), ",");
      break;
    case BudgetRequest::Kind::automatic: {
      Shape usual = shape;
      usual.context = std::min(shape.context, kAutomaticTokens);
      const std::int64_t wanted = usual.context < shape.context ? Costs(usual, needs).full() : full;
      bytes = std::min(wanted, std::max<std::int64_t>(automatic_bytes, 0));
      what = "the memory available for the KV cache";
      break;
    }
  }
  if (min == kSaturated || (full == kSaturated && request.kind != BudgetRequest::Kind::bytes &&
                            request.kind != BudgetRequest::Kind::automatic)) {
    return error(ErrorCode::out_of_memory, "KV cache: ", shape.layers.size(), " layers with a context of ",
                 shape.context, shape.context == 1 ? " token" : " tokens", " need more bytes than can be counted");
  }
  if (bytes < min && shape.layers.empty()) {
    return error(ErrorCode::out_of_memory, what, " is ", bytes_text(bytes), ", but this model needs at least ",
                 bytes_text(min), ", of which ", bytes_text(state_bytes(shape)), " are for the states of its ",
                 shape.states.size(), " layers", copy_for_drafts(shape));
  }
  if (bytes < min) {
    return error(ErrorCode::out_of_memory, what, " is ", bytes_text(bytes), ", but this model needs at least ",
                 bytes_text(min), ": ", kGranuleEntries, " entries in each of its ", shape.layers.size(),
                 shape.apart ? " heads" : " layers", shape.states.empty() ? "" : " with attention",
                 " and room to stage ", costs.smallest_chunk(), " tokens",
                 shape.states.empty() ? std::string()
                                      : sentence(", beside ", bytes_text(state_bytes(shape)), " for the states of ",
                                                 shape.states.size(), " layers", copy_for_drafts(shape)));
  }
  return std::min(bytes, whole.max());
}

/// About how many entries each layer will keep. This is needed before the plan, because the plan depends on the blocks
/// that depend on this number.
std::int64_t entries_about(const Shape& shape, const BudgetRequest& request, std::int64_t automatic_bytes) {
  std::int64_t entry = 0, max = 0;
  if (shape.layers.empty()) return 0;
  for (const StreamShape& layer : shape.layers) {
    entry = plus(entry, entry_bytes(layer, Needs{}));
    max = std::max(max, useful_entries(layer, shape.context));
  }
  switch (request.kind) {
    case BudgetRequest::Kind::full:
      return max;
    case BudgetRequest::Kind::percent:
      if (!(request.percent > 0 && request.percent < 100)) return max;
      return static_cast<std::int64_t>(static_cast<double>(max) * (request.percent / 100));
    case BudgetRequest::Kind::bytes:
      return std::min(max, std::max<std::int64_t>(request.bytes, 0) / entry);
    case BudgetRequest::Kind::automatic:
      break;
  }
  return std::min({max, kAutomaticTokens, std::max<std::int64_t>(automatic_bytes, 0) / entry});
}

/// The target number of tokens per block of a cache with about `entries` entries in a layer.
int block_size_of(const Needs& needs, std::int64_t entries) {
  return needs.cutting == Cutting::fixed ? kFixedBlockSize : block_size_for(entries);
}

/// Calls the split, divides the budget, rounds down to whole granules and hands out what is left over, one granule of
/// all heads at a time, first to the layers that lost most by rounding.
std::vector<std::int64_t> split_bytes(const Split& split, const std::vector<LayerNeed>& layers, std::int64_t bytes,
                                      const SplitFacts& facts) {
  std::vector<double> shares(layers.size(), 1.0);
  split.shares({layers, bytes, facts.profile, facts.seed, {}}, shares);
  std::vector<std::int64_t> wanted(layers.size()), slots(layers.size());
  share_out(layers, bytes, shares, wanted);
  std::int64_t left = bytes;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    slots[i] = wanted[i] - wanted[i] % kGranuleEntries;
    left -= times(slots[i], layers[i].entry_bytes);
  }
  std::vector<std::size_t> order(layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return wanted[a] % kGranuleEntries > wanted[b] % kGranuleEntries;
  });
  // Rounds of one granule for each layer that can take and pay for one. As many rounds are done at once as all of them
  // can take, because a layer may cost a billionth of another.
  const auto price = [&](std::size_t i) { return times(kGranuleEntries, layers[i].entry_bytes); };
  const auto takes = [&](std::size_t i) { return slots[i] + kGranuleEntries <= layers[i].cap && price(i) <= left; };
  for (bool given = true; given;) {
    given = false;
    std::int64_t round = 0;
    for (const std::size_t i : order) round = plus(round, takes(i) ? price(i) : 0);
    const std::int64_t rounds = round > 0 ? std::max<std::int64_t>(left / round, 1) : 0;
    for (const std::size_t i : order) {
      if (rounds == 0 || !takes(i)) continue;
      const std::int64_t granules = std::min({rounds, (layers[i].cap - slots[i]) / kGranuleEntries, left / price(i)});
      slots[i] += granules * kGranuleEntries;
      left -= granules * price(i);
      given = true;
    }
  }
  return slots;
}

/// The needs with all caps limited to `bound`.
std::vector<LayerNeed> bounded_needs(const Costs& costs, std::int64_t bound) {
  std::vector<LayerNeed> layers = costs.layers();
  for (LayerNeed& layer : layers) layer.cap = std::min(layer.cap, bound);
  return layers;
}

/// How large a layer may become where quotas move while tokens are processed: up to four times the average, as long as
/// the scratch for that size leaves the floors; 0: not even twice the average fits.
std::int64_t growing_bound(const Costs& costs, std::int64_t budget, int chunk) {
  std::int64_t cost = 0;
  std::int64_t cap = kGranuleEntries;
  for (const LayerNeed& layer : costs.layers()) {
    cost = plus(cost, layer.entry_bytes);
    cap = std::max(cap, layer.cap);
  }
  for (const std::int64_t times_average : {4, 2}) {
    const std::int64_t bound = std::min(cap, round_up(times(budget / cost + 1, times_average), kGranuleEntries));
    if (plus(costs.floors(), costs.fixed(bound, chunk)) <= budget) return bound;
  }
  return 0;
}

/// The bound on a layer's slots for which the scratch is set aside, with a split that is computed once.
std::int64_t fixed_bound(const Costs& costs, const Split& split, std::int64_t budget, int chunk,
                         const SplitFacts& facts) {
  // The scratch grows with the largest layer, and the largest layer with what the scratch leaves. So search for the
  // highest bound on a layer that some layer still reaches when the scratch for that bound is set aside.
  const auto bounded = [&](std::int64_t granules) {
    const std::int64_t bound = granules * kGranuleEntries;
    return split_bytes(split, bounded_needs(costs, bound), budget - costs.fixed(bound, chunk), facts);
  };
  const auto reached = [&](std::int64_t granules) {
    const std::int64_t bound = granules * kGranuleEntries;
    if (plus(costs.floors(), costs.fixed(bound, chunk)) > budget) return false;
    const std::vector<std::int64_t> slots = bounded(granules);
    return *std::max_element(slots.begin(), slots.end()) >= bound;
  };
  std::int64_t low = 1;
  std::int64_t high = 1;
  for (const LayerNeed& layer : costs.layers()) high = std::max(high, layer.cap / kGranuleEntries);
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (reached(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low * kGranuleEntries;
}

/// Has the split choose how plan.shape's layers are stored, within plan.budget_bytes; `profile`: see store_layers.
void choose_storage(const Split& split, const std::vector<StorageChoice>& choices, Plan& plan, Profile& profile) {
  profile = choices.front().profile;
  // The scratch is for the longest layer, and how long that is depends on how it is stored: two iterations are close
  // enough.
  for (int round = 0; round < 2; ++round) {
    const Costs costs(plan.shape, plan.needs, plan.checkpoints);
    const int chunk = costs.chunk(plan.budget_bytes);
    const std::int64_t bound = fixed_bound(costs, split, plan.budget_bytes, chunk, {&profile, 0});
    store_layers(split, choices, plan.budget_bytes - costs.fixed(bound, chunk), plan.shape, profile);
  }
}

/// The sums of a plan whose layers have `slots`.
Status give_out(Plan& plan, const std::vector<std::int64_t>& slots) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const StreamShape& layer = plan.shape.layers[i];
    const std::int64_t data = data_bytes(layer);
    plan.quota.push_back(std::min(slots[i], useful_entries(layer, plan.shape.context)));
    plan.granules += slots[i] / kGranuleEntries * layer.kv_heads;
    plan.granule_bytes = std::max(plan.granule_bytes, data / layer.kv_heads * kGranuleEntries);
    plan.pool_bytes += slots[i] * data;
    plan.metadata_bytes += slots[i] * slot_metadata_bytes(layer, plan.needs);
    if (plan.checkpoints > 0 && in_checkpoints(layer, plan.shape.context, plan.needs)) {
      plan.window_bytes += slots[i] * entry_bytes(layer, plan.needs);
    }
  }
  plan.metadata_bytes += scratch_bytes(plan.shape, plan.needs, plan.max_entries, plan.chunk);
  const std::int64_t checkpoints = plan.checkpoints * plan.window_bytes;
  if (plan.pool_bytes + plan.metadata_bytes + plan.staging_bytes + checkpoints > plan.budget_bytes) {
    return error(ErrorCode::internal, "the KV split ", plan.split, " gave the layers more than the budget of ",
                 bytes_text(plan.budget_bytes));
  }
  return {};
}

}  // namespace

Result<Plan> make_plan(const Shape& shape, const BudgetRequest& request, std::int64_t automatic_bytes,
                       const Split* split, const Rule& keep, const SplitFacts& facts, const Reading& reading) {
  if (shape.layers.empty()) split = &uniform_split();  // states alone: there is nothing to divide
  if (split == nullptr) {
    // Where everything fits there is nothing to divide, and nothing must be gathered or set aside for it.
    Result<Plan> plan = make_plan(shape, request, automatic_bytes, &uniform_split(), keep, facts, reading);
    if (!plan || plan->budget_bytes >= plan->full_bytes || !facts.profile) return plan;
    plan->layers_alike = facts.profile->layers.size() == shape.layers.size() && !layers_differ(*facts.profile);
    if (plan->layers_alike) return plan;
    if (!facts.profile->others.empty()) {
      // Refused where fewer than two of the profile's types are at most as large as the requested one.
      Result<Plan> joint = make_plan(shape, request, automatic_bytes, &joint_split(), keep, facts, reading);
      if (joint || joint.error().code != ErrorCode::invalid_argument) return joint;
    }
    return make_plan(shape, request, automatic_bytes, &depth_split(), keep, facts, reading);
  }
  BRIM_TRY(check_shape(shape));
  if (split->needs_profile()) {
    const std::size_t known = facts.profile ? facts.profile->layers.size() : 0;
    if (known != shape.layers.size()) {
      return error(ErrorCode::invalid_argument, "the KV split ", split->name(), " needs a profile of this model's ",
                   shape.layers.size(), " layers (brim calibrate makes one), found ",
                   known == 0 ? "none" : sentence("one of ", known, " layers"));
    }
  }
  if (shape.apart && split->needs().statistic == LayerStatistic::similarity) {
    return error(ErrorCode::invalid_argument, "the KV split ", split->name(),
                 " compares whole layers: expected kv.heads=together, found apart");
  }
  if (shape.apart && reading.sparse) {
    return error(ErrorCode::invalid_argument, "kv.read=top chooses among entries that a layer's heads share: expected ",
                 "kv.heads=together, found apart");
  }

  Plan plan;
  plan.shape = shape;
  plan.split = split->name();
  plan.keep = keep.name();
  plan.splitter = split;
  plan.rule = &keep;
  plan.needs = keep.needs();
  plan.needs.statistic = split->needs().statistic;

  plan.reading = reading;
  plan.needs.block_boxes = reading.sparse;
  plan.needs.blocks = plan.needs.blocks || reading.sparse;
  if (reading.sparse && reading.cutting != Cutting::learned) plan.needs.cutting = reading.cutting;
  if (plan.needs.blocks)
    plan.needs.block_size = block_size_of(plan.needs, entries_about(shape, request, automatic_bytes));
  const Costs asked(shape, plan.needs), whole(shape, needs_of_whole(plan.needs));
  BRIM_ASSIGN(plan.budget_bytes, requested_bytes(asked, whole, shape, plan.needs, request, automatic_bytes));
  plan.full_bytes = whole.full();
  plan.min_bytes = std::min(asked.min(), plan.full_bytes);
  plan.state_bytes = state_bytes(shape);
  plan.checkpoints = (plan.budget_bytes < plan.full_bytes ? asked : whole).checkpoints(plan.budget_bytes);
  if (plan.budget_bytes >= plan.full_bytes) plan.needs = needs_of_whole(plan.needs);
  Profile own;  // the profile of the layers as they are stored
  SplitFacts known = facts;
  if (split->chooses_storage()) {
    BRIM_ASSIGN(const std::vector<StorageChoice> choices,
                storage_choices(shape, plan.needs, plan.checkpoints, *facts.profile));
    if (plan.budget_bytes < plan.full_bytes) {
      choose_storage(*split, choices, plan, own);
      known.profile = &own;
    }
  }
  const Costs costs(plan.shape, plan.needs, plan.checkpoints);
  plan.chunk = costs.chunk(plan.budget_bytes);
  plan.staging_bytes = staging_bytes(plan.shape, plan.chunk);

  if (plan.quotas_move()) plan.max_entries = growing_bound(costs, plan.budget_bytes, plan.chunk);
  if (plan.max_entries == 0) {
    plan.max_entries = fixed_bound(costs, *split, plan.budget_bytes, plan.chunk, known);
  }
  plan.layers = bounded_needs(costs, plan.max_entries);
  const std::vector<std::int64_t> slots =
      split_bytes(*split, plan.layers, plan.budget_bytes - costs.fixed(plan.max_entries, plan.chunk), known);
  BRIM_TRY(give_out(plan, slots));
  return plan;
}

Result<Plan> plan_of_quotas(const Shape& shape, std::span<const std::int64_t> quotas, int chunk, const Rule& keep) {
  BRIM_TRY(check_shape(shape));
  if (quotas.size() != shape.layers.size()) {
    return error(ErrorCode::invalid_argument, "KV quotas: expected one for each of ", shape.layers.size(),
                 " layers, found ", quotas.size());
  }
  Plan plan;
  plan.shape = shape;
  plan.split = "given";
  plan.keep = keep.name();
  plan.splitter = &uniform_split();  // never called: the quotas do not move
  plan.rule = &keep;
  plan.needs = keep.needs();
  if (plan.needs.blocks)
    plan.needs.block_size = block_size_of(plan.needs, *std::max_element(quotas.begin(), quotas.end()));
  plan.state_bytes = state_bytes(shape);
  if (!shape.states.empty()) {
    plan.checkpoints = shape.max_checkpoints < 0 ? 1 : std::min(shape.max_checkpoints, kMaxCheckpoints);
  }
  const Costs costs(shape, plan.needs, plan.checkpoints);
  plan.chunk = std::clamp(static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(chunk, 1)))),
                          costs.smallest_chunk(), costs.largest_chunk());
  std::vector<std::int64_t> slots;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < quotas.size(); ++i) {
    const LayerNeed& need = costs.layers()[i];
    slots.push_back(round_up(std::clamp(quotas[i], need.floor, need.cap), kGranuleEntries));
    plan.max_entries = std::max(plan.max_entries, slots[i]);
    bytes = plus(bytes, times(slots[i], need.entry_bytes));
  }
  plan.budget_bytes = plus(bytes, costs.fixed(plan.max_entries, plan.chunk));
  if (plan.budget_bytes == kSaturated) {
    return error(ErrorCode::out_of_memory, "KV cache: these quotas need more bytes than can be counted");
  }
  plan.full_bytes = std::max(costs.full(), plan.budget_bytes);
  plan.min_bytes = costs.min();
  plan.staging_bytes = staging_bytes(shape, plan.chunk);
  plan.layers = bounded_needs(costs, plan.max_entries);
  BRIM_TRY(give_out(plan, slots));
  return plan;
}

std::string_view stored_as(const Shape& shape) {
  for (const StreamShape& layer : shape.layers) {
    if (!(layer.types == shape.layers.front().types)) return "mixed";
  }
  return kernels::kv_types_name(shape.layers.empty() ? kernels::KvTypes() : shape.layers.front().types);
}

std::int64_t bytes_per_token(const Shape& shape) {
  std::int64_t bytes = 0;
  for (const StreamShape& layer : shape.layers) bytes = plus(bytes, entry_bytes(layer, Needs{}));
  return bytes;
}

}  // namespace brim::kv
