// The KV cache driven by arbitrary bytes: a text as --kv-budget, a shape as a model file might claim it, and then any
// sequence of chunks, drafts, cancellations, rewinds, clears, checkpoints, documents that are looked at, and states saved,
// altered and restored. The budget, the order of positions and the sinks are checked at every step; everything else is
// left to the sanitizers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/state.hpp"
#include "engine/kv/heads.hpp"
#include "engine/kv/memory.hpp"
#include "kernels/dispatch.hpp"
#include "tests/fuzz/kv_shapes.hpp"
#include "tests/support/policies.hpp"

namespace {

using brim::kv::Memory;
using brim::kv::Plan;
using brim::kv::Shape;
using brim::test::Bytes;
using brim::test::require;

/// Unchecked numbers of any size: only the plan's arithmetic uses them.
void plan_monster(Bytes& in) {
  Shape shape;
  shape.context = in.wide(8);
  const brim::kernels::KvTypes types = brim::test::types_of(in.next());
  for (std::int64_t n = in.next() % 8; n > 0; --n) {
    shape.layers.push_back({static_cast<int>(in.wide(4)), static_cast<int>(in.wide(4)), static_cast<int>(in.wide(4)),
                            in.wide(8), in.next() % 2 == 0});
  }
  shape.store_as(types);
  const brim::kv::BudgetRequest request{static_cast<brim::kv::BudgetRequest::Kind>(in.next() % 4), in.wide(8),
                                        static_cast<double>(in.wide(2)) / 100};
  const auto plan = brim::test::make_plan(shape, request, in.wide(8), "uniform", "window");
  if (!plan) return;
  const std::int64_t copies = plan->checkpoints * plan->window_bytes;
  require(plan->pool_bytes + plan->metadata_bytes + plan->staging_bytes + copies <= plan->budget_bytes);
  require(plan->budget_bytes <= plan->full_bytes || plan->checkpoints > 0);
}

constexpr std::uint8_t kDelimiters[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0x81, 9, 200, 0, 0, 0};

class NoRotation : public brim::kv::KeyRotation {
 public:
  bool altered = false;  ///< the entries are arbitrary
  void rotate_back(brim::kv::LayerId layer, float* keys, std::int64_t count, std::int64_t) const noexcept override {
    require(brim::kv::index_of(layer) < 3);
    require(count > 0);
    require(altered || keys[0] == keys[0]);
  }
};

/// A KV memory in its own bytes.
struct Owned {
  std::vector<std::byte> memory;
  std::unique_ptr<Memory> cache;
  Owned(const Plan& plan, const NoRotation& rotation)
      : memory(static_cast<std::size_t>(plan.budget_bytes) + 64), cache(create(plan, rotation)) {}
  std::unique_ptr<Memory> create(const Plan& plan, const NoRotation& rotation) {
    auto made = Memory::create(plan, aligned(static_cast<std::size_t>(plan.budget_bytes)), brim::kernels::active(),
                               &rotation, kDelimiters);
    require(made.ok());
    return std::move(made).value();
  }
  std::span<std::byte> aligned(std::size_t size) {
    return std::span(memory).subspan((64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64, size);
  }
};

std::vector<std::byte> saved(const Memory& cache) {
  brim::StateWriter state;
  cache.save(state);
  std::vector<std::byte> bytes;
  for (const auto part : state.parts()) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

bool restored(Memory& cache, const std::vector<std::byte>& bytes) {
  brim::StateReader state("a state", {bytes});
  return cache.restore(state).ok();
}

/// Curves of all types, so that every split has what it needs.
brim::kv::Profile profile_of(std::size_t layers, const Shape& shape, int seed) {
  using brim::kernels::KvType;
  brim::kv::Profile profile;
  profile.types = shape.layers.front().types;
  profile.layers.resize(layers);
  for (const KvType type : {KvType::q8_0, KvType::q4_0}) profile.others.push_back({type, {}});
  for (std::size_t i = 0; i < layers; ++i) {
    const double slope = static_cast<double>((i * 5 + static_cast<std::size_t>(seed)) % 7) - 1;
    profile.layers[i] = {{0, slope, 2 * slope, 3 * slope, 5 * slope}, 1 + static_cast<double>(i)};
    for (auto& other : profile.others) other.loss.push_back({0.1, slope, 2 * slope, 3 * slope, 4 * slope});
  }
  return profile;
}

void check_blocks(const Memory& cache, int layer) {
  const auto blocks = cache.blocks(static_cast<brim::kv::StreamId>(layer));
  if (cache.plan().needs.block_size == 0) return require(blocks.empty());
  const std::int64_t retained = cache.view(static_cast<brim::kv::StreamId>(layer)).retained();
  std::int64_t entries = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    require(blocks[i].length > 0);
    require(i == 0 || blocks[i - 1].start < blocks[i].start);
    entries += blocks[i].length;
  }
  require(entries == retained);
  require(static_cast<std::int64_t>(blocks.size()) <= brim::kv::max_blocks(retained, cache.plan().needs.block_size));
  std::vector<float> scores(blocks.size());
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<float>(i * 7 % 5);
  std::vector<std::uint32_t> order(blocks.size());
  const std::size_t count = brim::kv::choose_blocks(blocks, scores, cache.plan().reading.share, order);
  for (std::size_t i = 1; i < count; ++i) require(order[i - 1] < order[i] && order[i] < blocks.size());
}

void check(const Memory& cache, int layers, bool altered) {
  require(cache.bytes_used() <= cache.bytes_peak());
  require(cache.bytes_peak() <= cache.plan().budget_bytes);
  for (int layer = 0; layer < layers; ++layer) {
    const brim::kv::View view = cache.view(static_cast<brim::kv::StreamId>(layer));
    require(view.retained() <= cache.stats(static_cast<brim::kv::StreamId>(layer)).quota);
    const auto positions = view.positions();
    for (std::size_t i = 1; i < positions.size(); ++i) require(positions[i - 1] < positions[i]);
    if (!cache.stale()) check_blocks(cache, layer);
    if (!positions.empty() && !cache.stale() && !altered) require(positions.back() == cache.next_position() - 1);
  }
}

/// Layers behind a held one attend to its entries again.
void show_held(brim::kv::Chunk& open, const Memory& cache, int layer, std::int64_t n) {
  for (int earlier = 0; earlier < layer; ++earlier) {
    const auto id = static_cast<brim::kv::StreamId>(earlier);
    if (!cache.plan().shape.at(id).held) continue;
    open.show(id);
    const brim::kv::View view = open.view(id);
    require(view.staged() == n);
    if (cache.needs().accumulated_attention()) {
      open.add_attention(id, std::vector<float>(static_cast<std::size_t>(view.entries()), 0.5f), n);
    }
    open.commit(id);
  }
}

/// Processes one chunk; abandons it before layer `until` if that is not past the last one. With `drafts`, only its
/// first token is certain.
void chunk(Memory& cache, std::int64_t n, int until, const std::vector<float>& values, bool drafts = false) {
  const int layers = static_cast<int>(cache.plan().shape.layers.size());
  // Ids follow from the place in the input, so that tokens that are processed again are the same.
  std::vector<std::int32_t> ids(static_cast<std::size_t>(n));
  for (std::int64_t t = 0; t < n; ++t)
    ids[static_cast<std::size_t>(t)] = static_cast<std::int32_t>((cache.tokens() + t) * 37 % 18 - 1);
  brim::kv::Chunk open = drafts ? cache.begin_drafts(n, ids) : cache.begin(n, ids);
  const std::int64_t position = open.position();
  require(position >= 0 && position + n <= cache.plan().shape.context);
  for (const brim::kv::StateShape& state : cache.plan().shape.states) {
    const std::span<std::byte> bytes = open.state(state.layer);
    require(static_cast<std::int64_t>(bytes.size()) == state.bytes);
    std::fill(bytes.begin(), bytes.end(), static_cast<std::byte>(position + n));
  }
  for (int layer = 0; layer < layers; ++layer) {
    if (layer == until) return;  // abandoned
    const auto id = static_cast<brim::kv::StreamId>(layer);
    const auto& shape = cache.plan().shape.at(id);
    if (cache.plan().scores_entries(id)) open.score(id, {values.data(), shape.kv_heads});
    if (cache.plan().compares_keys(id)) {
      open.compare_keys(id, {values.data(), std::int64_t{shape.kv_heads} * shape.key_size});
    }
    open.stage(id, {values.data(), values.data(), std::int64_t{shape.kv_heads} * shape.key_size,
                    std::int64_t{shape.kv_heads} * shape.value_size});
    const brim::kv::View view = open.view(id);
    if (cache.needs().accumulated_attention()) {
      open.add_attention(id, std::vector<float>(static_cast<std::size_t>(view.entries()), 0.25f), n);
    }
    for (std::int64_t token = 0; token < n; ++token) {
      if (!open.observes(token)) continue;
      open.learn(id, token,
                 std::vector<float>(static_cast<std::size_t>(view.entries()), static_cast<float>(token % 3)));
    }
    if (n >= brim::kv::kStatisticQueries) open.observe(id, static_cast<double>((layer * 7 + n) % 5));
    require(view.staged() == n);
    for (std::int64_t first = 0; first < view.entries();) {
      const brim::kv::EntryRange range = view.range(0, first, view.entries());
      require(range.count > 0);
      first += range.count;
    }
    open.commit(id);
    require(cache.bytes_used() <= cache.plan().budget_bytes);
    show_held(open, cache, layer, n);
  }
  open.end();
}

/// Looks n times at the newest `tokens` tokens, up to layer `until`.
void look(Memory& cache, std::int64_t n, std::int64_t tokens, int until, const std::vector<float>& values) {
  const std::int64_t before = cache.tokens();
  const int layers = static_cast<int>(cache.plan().shape.layers.size());
  {
    brim::kv::Chunk open = cache.begin_look(n, tokens);
    for (int layer = 0; layer < std::min(layers, until); ++layer) {
      const auto id = static_cast<brim::kv::StreamId>(layer);
      const auto& shape = cache.plan().shape.at(id);
      open.stage(id, {values.data(), values.data(), std::int64_t{shape.kv_heads} * shape.key_size,
                      std::int64_t{shape.kv_heads} * shape.value_size});
      require(open.view(id).staged() == n);
      const brim::kv::LookedAt range = open.looked_at(id);
      require(range.sinks <= range.first && range.first + range.count == open.view(id).retained());
      std::vector<float> scores(static_cast<std::size_t>(range.count) * static_cast<std::size_t>(shape.kv_heads));
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<float>(i * 7 % 11) / 11;
      open.keep_look(id, {scores.data(), shape.kv_heads});
      open.commit(id);
    }
    if (until >= layers) open.end();
  }
  require(cache.tokens() == before && !cache.stale());
}

/// A text in pieces, each of which is looked at; what waits for its look is not evicted.
void document(Bytes& in, Memory& cache, const std::vector<float>& values, bool altered) {
  const Plan& plan = cache.plan();
  const int layers = static_cast<int>(plan.shape.layers.size());
  const std::int64_t piece = 1 + in.next() % plan.chunk;
  const bool decided = cache.looked_streams(piece) > 0 && !plan.quotas_move() && !altered;
  cache.begin_looks(piece);
  for (std::int64_t pieces = 1 + in.next() % 4; pieces > 0; --pieces) {
    const std::int64_t n = 1 + in.next() % piece, before = cache.tokens();
    cache.make_room(n);
    chunk(cache, n, layers, values);
    for (int layer = 0; layer < layers; ++layer) {
      const auto id = static_cast<brim::kv::StreamId>(layer);
      if (!decided || plan.shape.at(id).window > 0 || cache.stats(id).quota < brim::kv::kLookPieces * piece) continue;
      require(cache.kept(id, before, before + n) == n);
    }
    const std::int64_t how = in.next();
    look(cache, 1 + how % n, how < 200 ? n : in.next(), how % 16 == 0 ? static_cast<int>(how / 16) % layers : layers,
         values);
    check(cache, layers, altered);
  }
  cache.end_looks();
}

/// What a sequence of steps works with.
struct Course {
  Plan plan;
  std::vector<float> values;  ///< of keys and values alike
  bool kinds;                 ///< with documents and checkpoints
};

void drive(Bytes& in, const Course& course);

void drive_usual(Bytes& in) {
  Shape shape = brim::test::small_shape(in);
  const brim::kv::BudgetRequest share{brim::kv::BudgetRequest::Kind::percent, 0,
                                      static_cast<double>(1 + in.next() % 100)};
  // The last byte chooses the policies, so that inputs that were found with others keep their meaning.
  const int policy = in.last();
  constexpr const char* kSplits[] = {"uniform", "zigzag", "pyramid", "squeeze", "cake", "depth-mlp"};
  constexpr const char* kProfiled[] = {"joint", "depth", "depth-mga", "depth-mlma-2", "shuffled"};
  constexpr const char* kRules[] = {"window", "snapkv", "knorm", "h2o-value", "tova"};
  const bool blocks = policy >= 180;
  const bool distinct = policy >= 130 && (blocks ? policy % 8 == 0 : policy % 4 == 1);
  const bool learned = distinct && policy % 3 == 0;
  if (learned) {
    for (std::size_t i = 0; i < shape.layers.size(); i += 2) shape.layers[i].scored = true;
  }
  const char* const rule = learned                     ? "learned"
                           : distinct                  ? "distinct"
                           : blocks && policy % 4 != 0 ? "dynsplit"
                                                       : kRules[policy / 6 % 5];
  const brim::kv::Reading reading{blocks && policy % 2 == 0, 0.3};
  if (policy >= 150 && policy < 165) shape = brim::kv::heads_apart(shape, 32);
  const bool profiled = policy >= 165 && policy < 180;
  const brim::kv::Profile profile = profile_of(shape.layers.size(), shape, policy);
  const auto plan = brim::test::make_plan(shape, share, 0, profiled ? kProfiled[policy % 5] : kSplits[policy % 6], rule,
                                          {profiled ? &profile : nullptr, 3}, reading);
  if (!plan) return;
  drive(in, {*plan, std::vector<float>(static_cast<std::size_t>(plan->chunk) * 3 * 49, 0.5f), false});
}

/// Layers of every kind under the rules that keep a score with each entry, and others.
void drive_kinds(Bytes& in) {
  const Shape shape = brim::test::shape_of_kinds(in);
  const brim::kv::BudgetRequest share{brim::kv::BudgetRequest::Kind::percent, 0,
                                      static_cast<double>(1 + in.next() % 100)};
  constexpr const char* kRules[] = {"distinct", "learned", "distinct", "learned", "window", "h2o", "dynsplit"};
  constexpr const char* kSplits[] = {"uniform", "uniform", "zigzag", "joint", "depth"};
  const std::int64_t policy = in.next();
  const brim::kv::Profile profile = profile_of(shape.layers.size(), shape, static_cast<int>(policy));
  const auto plan =
      brim::test::make_plan(shape, share, 0, kSplits[policy / 7 % 5], kRules[policy % 7], {&profile, 3}, {});
  if (!plan) return;
  std::vector<float> values(static_cast<std::size_t>(plan->chunk) * 3 * 49);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 37 % 19) / 19 - 0.4f;
  drive(in, {*plan, std::move(values), true});
}

void drive(Bytes& in, const Course& course) {
  const Plan& plan = course.plan;
  const std::vector<float>& values = course.values;
  NoRotation rotation;
  Owned own(plan, rotation), other(plan, rotation);
  Memory *cache = own.cache.get(), *twin = other.cache.get();
  const int layers = static_cast<int>(plan.shape.layers.size());
  for (int step = 0; step < 400 && !in.empty(); ++step) {
    const std::int64_t what = in.next();
    if (cache->stale() || what == 0) {
      cache->clear();
    } else if (course.kinds && what >= 200 && what < 225) {
      if (plan.may_look()) document(in, *cache, values, rotation.altered);
    } else if (course.kinds && what >= 225 && what < 230) {
      cache->keep_checkpoint();
    } else if (what < 40) {
      const std::int64_t before = cache->tokens();
      const std::int64_t count = in.wide(2) % (before + 2);
      const bool done = cache->truncate(count);
      require(cache->tokens() == (done ? count : before));
    } else if (what == 81 || what == 83) {
      std::vector<std::byte> bytes = saved(*cache);
      if (what == 83) {
        for (std::int64_t changes = 1 + in.next() % 4; changes > 0; --changes) {
          bytes[static_cast<std::size_t>(in.wide(2)) * 8 % bytes.size()] = static_cast<std::byte>(in.next());
        }
        if (in.next() % 8 == 0) bytes.resize(static_cast<std::size_t>(in.wide(2)) % bytes.size() / 8 * 8);
        rotation.altered = true;
      }
      const bool done = restored(*twin, bytes);
      require(done || what == 83);
      require(what == 83 || saved(*twin) == bytes);
      std::swap(cache, twin);
    } else if (what < 80) {
      chunk(*cache, 1 + in.next() % plan.chunk, static_cast<int>(what) % layers, values);
    } else if (what >= 230) {
      const std::int64_t n = 1 + in.next() % cache->draft_room();
      chunk(*cache, n, what < 235 ? static_cast<int>(what) % layers : layers, values, true);
      require(cache->drafts_left() < n);
      const std::int64_t before = cache->tokens(), accepted = std::min(in.next() % (n + 1), cache->drafts_left());
      for (std::int64_t i = 0; i < accepted; ++i) cache->accept_draft();
      require(cache->tokens() == before + accepted);
    } else {
      if (what % 2 == 1) cache->expect_checkpoint();
      chunk(*cache, what < 160 ? 1 : 1 + in.next() % plan.chunk, layers, values);
    }
    check(*cache, layers, rotation.altered);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in({data, size});
  const std::int64_t mode = in.next() % 4;
  if (mode == 0) {
    const auto request = brim::kv::parse_budget(in.text(200));
    if (request && request->kind == brim::kv::BudgetRequest::Kind::bytes) require(request->bytes > 0);
    if (request && request->kind == brim::kv::BudgetRequest::Kind::percent) {
      require(request->percent > 0 && request->percent <= 100);
    }
  } else if (mode == 1) {
    plan_monster(in);
  } else if (mode == 2) {
    drive_usual(in);
  } else {
    drive_kinds(in);
  }
  return 0;
}
