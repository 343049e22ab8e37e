// Texts that are taken back, edited, answered again and gone on with at random places, beyond what a sliding window still
// holds: bit for bit what processing them again from their beginning gives, and nothing is processed again but what follows the last checkpoint.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/state.hpp"
#include "tests/engine/generate/as_alone.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/random.hpp"
#include "tests/support/saved_bytes.hpp"
#include "tests/support/tiny_gemma4.hpp"
#include "tests/support/tiny_recurrent.hpp"

using namespace brim;
using run::Sequence;
using test::logits_of;

namespace {

constexpr std::int64_t kWindow = 24;

/// Gemma 4's kind (windows, and layers that attend to another one's entries), and short convolutions with a window.
std::shared_ptr<const model::Model> windowed_model(bool hybrid) {
  if (!hybrid) return test::tiny_model(test::tiny_gemma4());
  const test::TinyFile written(test::tiny_recurrent("lfm2"));
  auto file = io::Gguf::open(written.path, {true, io::FileImage::Access::read});
  if (!file) FAIL(file.error().sentence);
  auto config = model::read_config(*file);
  if (!config) FAIL(config.error().sentence);
  config->layers[1].window = kWindow;
  auto model = model::Model::create(std::move(*file), std::move(*config), {.threads = 3});
  if (!model) FAIL(model.error().sentence);
  return *model;
}

std::unique_ptr<Sequence> open(const std::shared_ptr<const model::Model>& model, int checkpoints, int threads = 2) {
  run::SequenceOptions options;
  options.budget = *kv::parse_budget("full");
  options.checkpoints = checkpoints;
  options.threads = threads;
  auto sequence = Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  return std::move(*sequence);
}

/// A text and how it came about: prompts and answers.
struct Text {
  struct Part {
    bool prompt;
    std::vector<std::int32_t> ids;
  };

  Text(const std::shared_ptr<const model::Model>& of, int checkpoints)
      : model(of), sequence(open(of, checkpoints)), random(7) {}

  std::vector<std::int32_t> some(std::int64_t count) {
    std::vector<std::int32_t> ids;
    while (static_cast<std::int64_t>(ids.size()) < count) {
      ids.push_back(static_cast<std::int32_t>(random.pick(259, 348)));
    }
    return ids;
  }
  Progress counting() {
    processed = 0;
    return [this](long long, long long total) {
      processed = total;
      return true;
    };
  }
  /// The most tokens that may be processed to have the first `count` tokens.
  std::int64_t again(std::int64_t count) {
    const std::int64_t place = sequence->cache().checkpoints().newest(count).value_or(0);
    restored += place > 0 && place + 1 < sequence->tokens() && sequence->tokens() > count + kWindow;
    return count - place;
  }
  /// What follows the first `count` tokens is replaced by a prompt in which a checkpoint may be kept.
  void replace(std::int64_t count, std::vector<std::int32_t> ids) {
    const std::int64_t max = again(count) + static_cast<std::int64_t>(ids.size());
    const std::int64_t mark = count + random.pick(1, static_cast<std::int64_t>(ids.size()));
    REQUIRE(sequence->read_from(count, ids, counting(), nullptr, {&mark, 1}));
    CHECK(processed <= max);
    cut(count);
    parts.push_back({true, std::move(ids)});
  }
  void rewind(std::int64_t count) {
    const std::int64_t max = again(count);
    REQUIRE(sequence->rewind(count, counting(), nullptr));
    CHECK(processed <= max);
    cut(count);
  }
  void answer(std::int64_t count) {
    std::vector<std::int32_t> ids = some(count);
    test::go_on(*sequence, ids);
    parts.push_back({false, std::move(ids)});
  }
  void cut(std::int64_t count) {
    for (Part& part : parts) {
      const std::int64_t kept = std::clamp<std::int64_t>(count, 0, static_cast<std::int64_t>(part.ids.size()));
      part.ids.resize(static_cast<std::size_t>(kept));
      count -= kept;
    }
    std::erase_if(parts, [](const Part& part) { return part.ids.empty(); });
  }
  std::vector<float> at_once() const {
    const auto other = open(model, 0, 1);
    for (const Part& part : parts) part.prompt ? test::read(*other, part.ids) : test::go_on(*other, part.ids);
    return logits_of(*other);
  }

  std::shared_ptr<const model::Model> model;
  std::unique_ptr<Sequence> sequence;
  test::Random random;
  std::vector<Part> parts;
  std::int64_t processed = 0;
  int restored = 0;  // how often going back was beyond a window, to a checkpoint
};

}  // namespace

TEST_CASE(
    "at random places: another answer, an edited prompt and a shorter text are what they are when processed at once") {
  for (const bool hybrid : {false, true}) {
    CAPTURE(hybrid);
    const auto model = windowed_model(hybrid);
    Text text(model, 4);
    REQUIRE(text.sequence->memory().kv.checkpoints == 4);
    REQUIRE(text.sequence->memory().kv.window_bytes > 0);
    REQUIRE(text.sequence->memory().block == 0);
    for (int step = 0; step < 80; ++step) {
      CAPTURE(step);
      const std::int64_t tokens = text.sequence->tokens();
      switch (tokens > 160 ? 3 : tokens < 30 ? 0 : text.random.pick(0, 3)) {
        case 0:  // the next turn
          text.replace(tokens, text.some(text.random.pick(1, 40)));
          break;
        case 1:  // another answer: the last token of a prompt again
          text.replace(tokens - 1, text.some(1));
          break;
        case 2:  // an edit
          text.replace(text.random.pick(0, tokens - 1), text.some(text.random.pick(1, 30)));
          break;
        default:
          text.rewind(text.random.pick(0, tokens - 1));
      }
      text.answer(text.random.pick(1, 8));
      REQUIRE(logits_of(*text.sequence) == text.at_once());
      const kv::Memory& memory = text.sequence->cache();
      REQUIRE(memory.bytes_peak() <= memory.plan().budget_bytes);
    }
    CHECK(text.restored > 2);
  }
}

TEST_CASE("checkpoints with windows are copied and saved, and a cancelled prompt goes back to one") {
  for (const bool hybrid : {false, true}) {
    CAPTURE(hybrid);
    const auto model = windowed_model(hybrid);
    const auto ids = test::some_ids(150);
    const auto part = [&](std::size_t from, std::size_t to) { return std::span(ids).subspan(from, to - from); };
    const auto at_once = [&] {
      const auto sequence = open(model, 0, 1);
      test::read(*sequence, part(0, 60));
      test::go_on(*sequence, part(100, 140));
      return logits_of(*sequence);
    }();
    const auto sequence = open(model, 2), other = open(model, 2, 1);
    test::read(*sequence, part(0, 60));
    test::go_on(*sequence, part(60, 100));
    StateWriter writer;
    REQUIRE(sequence->save(writer));
    const std::vector<std::byte> saved = test::saved_bytes(writer);
    StateReader state("a state", {saved});
    REQUIRE(other->restore(state));
    for (Sequence* each : {sequence.get(), other.get()}) {
      std::int64_t processed = 0;
      REQUIRE(each->rewind(
          60,
          [&](long long, long long total) {
            processed = total;
            return true;
          },
          nullptr));
      CHECK(processed == 0);
      CHECK(each->tokens() == 60);
      test::go_on(*each, part(100, 140));
      CHECK(logits_of(*each) == at_once);
      REQUIRE(each->rewind(60, {}, nullptr));
      // The windows have slid when the chunk is given up.
      std::atomic<bool> cancel{false};
      each->observe_attention(
          [&](kv::LayerId layer, std::int64_t, std::span<const float>) { cancel = layer == kv::LayerId{1}; });
      REQUIRE(!each->read(part(100, 150), {}, &cancel));
      each->observe_attention({});
      CHECK(each->cache().tokens() == 60);
      CHECK(!each->cache().stale());
      test::go_on(*each, part(100, 140));
      CHECK(logits_of(*each) == at_once);
      CHECK(each->whole_readings() == 0);
    }
  }
}
