// See memory_plan.hpp.
#include "engine/run/memory_plan.hpp"

#include <algorithm>

#include "engine/kv/budget.hpp"
#include "engine/kv/layout.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/pass.hpp"
#include "engine/model/workspace.hpp"
#include "engine/run/choose_scores.hpp"
#include "engine/run/sampling_memory.hpp"
#include "engine/run/text_memory.hpp"
#include "platform/arena.hpp"
#include "platform/memory_limits.hpp"

namespace brim::run {
namespace {

// Min number of ids kept in the history, whatever the context: 1 MiB.
constexpr std::int64_t kHistoryTokens = std::int64_t{1} << 18;

std::int64_t history_tokens(const kv::Plan& plan) { return std::max(kHistoryTokens, plan.shape.context); }

std::int64_t tokens_together(const kv::Plan& plan, const SpeculationOptions& options) {
  if (!options.ngram || plan.reading.sparse) return 1;
  const std::int64_t max = std::clamp(options.draft_max + 1, 1, kMaxTogether);
  return std::max<std::int64_t>(1, std::min(max, kv::draft_tokens(plan)));
}

constexpr std::int64_t kAlignment = 8 * 64;  // each of the arena's parts starts on a cache line

}  // namespace

std::size_t MemoryPlan::arena_size() const { return static_cast<std::size_t>(arena_bytes() + kAlignment); }

long long MemoryPlan::prepared_bytes() const {
  return static_cast<long long>(Arena::whole_pages(static_cast<std::size_t>(heap_bytes)) +
                                Arena::whole_pages(arena_size()) +
                                Arena::whole_pages(static_cast<std::size_t>(workspace_bytes)) +
                                Arena::whole_pages(static_cast<std::size_t>(sampling_bytes)));
}

Result<model::FoundProfile> choose_profile(const model::ProfileOwner& owner, const model::FoundProfile& carried,
                                           SequenceOptions& options) {
  model::FoundProfile found = carried;
  if (!options.profile_text.empty()) {
    BRIM_ASSIGN(model::ProfileFile file, model::profile_of(owner, options.profile_text, "the profile that was given"));
    found = model::found_profile(std::move(file), options.profile_text);
  } else if (!options.profile_path.empty()) {
    BRIM_ASSIGN(found, model::read_profile(owner, options.profile_path));
  }
  options.profile = found.profile;
  if (!found.notice.empty() && options.split != nullptr && options.split->needs_profile()) {
    found.notice += sentence(" and with the default KV split in place of ", options.split->name());
    options.split = nullptr;
  }
  return found;
}

Result<MemoryPlan> plan_memory(const model::Config& config, const kernels::Table& table,
                               const SequenceOptions& options) {
  if (options.context < 0 || options.context > kv::kLargestContext) {
    return error(ErrorCode::invalid_argument, "context: expected 1 to ", kv::kLargestContext, " positions, found ",
                 options.context);
  }
  const std::int64_t context = options.context > 0 ? options.context : config.context;
  MemoryPlan memory;
  memory.automatic_bytes = options.automatic_bytes;
  if (memory.automatic_bytes == 0) {
    memory.automatic_bytes = static_cast<std::int64_t>(memory_limits().available / 4);
    if (options.pool) memory.automatic_bytes = std::min(memory.automatic_bytes, options.pool->left());
  }
  kv::Shape shape = model::kv_shape(config, context, options.type);
  for (std::size_t i = 0; i < std::min(options.layer_types.size(), shape.layers.size()); ++i) {
    shape.layers[i].types = options.layer_types[i];
  }
  BRIM_TRY(check_needed_scores(options));
  mark_scored(shape, options.scores.get());
  shape.max_checkpoints = options.checkpoints;
  shape.drafts = options.speculation.ngram && !options.reading.sparse && !shape.states.empty();
  const kv::Profile* profile = options.profile.get();
  kv::Profile of_heads;
  if (options.heads == kv::HeadSelection::apart) {
    shape = kv::heads_apart(shape, static_cast<int>(model::kPassTile));
    if (profile != nullptr) {
      of_heads = kv::heads_apart(*profile, shape);
      profile = &of_heads;
    }
  }
  if (options.quotas.empty()) {
    const auto make_plan = [&] {
      return kv::make_plan(shape, options.budget, memory.automatic_bytes, options.split, *options.keep,
                           {profile, options.split_seed}, options.reading);
    };
    BRIM_ASSIGN(memory.kv, make_plan());
    if (options.prefill_chunk > 0 && memory.kv.chunk > options.prefill_chunk &&
        memory.kv.budget_bytes < memory.kv.full_bytes) {
      shape.largest_chunk = options.prefill_chunk;
      BRIM_ASSIGN(memory.kv, make_plan());
    }
  } else {
    BRIM_ASSIGN(memory.kv, kv::plan_of_quotas(shape, options.quotas, options.chunk, *options.keep));
  }
  if (memory.kv.needs.measure == kv::EntryMeasure::learned) memory.kv.scores = options.scores;
  memory.tokens_together = tokens_together(memory.kv, options.speculation);
  memory.block = std::min<std::int64_t>(model::block_tokens(config), memory.kv.chunk);
  memory.workspace_bytes = static_cast<std::int64_t>(
      model::Workspace::bytes(config, model::workspace_shape(memory.kv, table, options.threads)));
  const std::int64_t row = config.embedding + config.vocabulary;
  memory.logit_bytes = (memory.tokens_together * row + config.embedding) * static_cast<std::int64_t>(sizeof(float));
  memory.history_bytes =
      history_tokens(memory.kv) * static_cast<std::int64_t>(sizeof(TokenId) + sizeof(kernels::RowRole));
  memory.heap_bytes = text_memory(max_kept_text(memory.kv.shape.context));
  memory.sampling_bytes = sampling_memory(config.vocabulary);
  if (memory.tokens_together > 1) memory.speculation_bytes = Speculation::bytes(memory.kv.shape.context);
  return memory;
}

}  // namespace brim::run
