// A saved session: any bytes are refused with a sentence, or give a session that continues. The input replaces the body
// of a file, so that magic, size and checksum do not reject everything; and once it is used as the whole file.
//
// The first byte chooses the session that the bytes are restored into; the others are the state, without its beginning.
// An input that is empty after the first byte stands for the state of a session that has processed text, and each pair
// of further bytes "place, value" (place two bytes) changes one of its bytes: so mutations start from a state that is
// nearly correct.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "engine/model/profile_file.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

using namespace brim;
using generate::SavedSession;
using generate::Session;
using generate::SessionOptions;

/// What must work before the target tests anything.
template <class Outcome>
Outcome needed(Outcome outcome) {
  if (outcome) return outcome;
  std::fprintf(stderr, "%s\n", outcome.error().sentence.c_str());
  std::abort();
}

std::shared_ptr<const model::Model> tiny() {
  static const auto loaded = [] {
    const std::string path = "/tmp/brim-session-fuzz-" + std::to_string(getpid());
    test::TinyModel shape;
    shape.embedding = 32;
    shape.layers = 2;
    shape.heads = 2;
    shape.kv_heads = 1;
    shape.window = 64;
    test::write_tiny_model(path, shape);
    auto model = model::Model::load(path);
    unlink(path.c_str());
    return *needed(std::move(model));
  }();
  return loaded;
}

struct Kind {
  const char *budget, *keep, *split, *read;
  kernels::KvTypes types = kernels::KvType::f16;
};
constexpr Kind kKinds[] = {{"full", "window", "uniform", "all"},
                           {"75%", "dynsplit", "uniform", "all"},
                           {"75%", "dynsplit", "zigzag", "top=30%"},
                           {"75%", "h2o", "zigzag", "all"},
                           {"75%", "snapkv", "cake", "all"},
                           {"75%", "knorm", "squeeze", "all"},
                           {"75%", "distinct", "zigzag", "all"},
                           {"full", "window", "uniform", "all", {kernels::KvType::q4_0, kernels::KvType::q3_0}}};
constexpr std::size_t kKindCount = sizeof kKinds / sizeof *kKinds;

SessionOptions options_of(const Kind& kind) {
  SessionOptions options;
  options.sequence.context = 512;
  options.sequence.budget = *kv::parse_budget(kind.budget);
  options.sequence.keep = test::rule_named(kind.keep);
  options.sequence.split = test::split_named(kind.split);
  options.sequence.reading = *kv::parse_reading(kind.read);
  options.sequence.type = kind.types;
  options.sequence.automatic_bytes = 1 << 24;
  options.sequence.speculation = {true, 4, false};
  options.chat_template = "chatml";
  options.stops = {"stop"};
  return options;
}

/// A file of a session that has gone beyond its context: evictions, moved quotas, an unfinished answer.
std::vector<std::byte> saved(const Kind& kind) {
  const auto session = needed(Session::create(tiny(), options_of(kind)));
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < 600; ++i) ids.push_back(3 + i * i % 300);
  (void)needed((*session)->append(ids));
  (void)needed((*session)->message("user", "hello hello hello hello"));
  for (int i = 0; i < 5; ++i) (void)needed((*session)->next());
  const std::string path = "/tmp/brim-session-fuzz-file-" + std::to_string(getpid());
  (void)needed((*session)->save(path, {{"key", "value"}}));
  const auto text = needed(read_text_file(path, std::size_t{1} << 30));
  unlink(path.c_str());
  const auto bytes = std::as_bytes(std::span(*text));
  return {bytes.begin(), bytes.end()};
}

void check(const std::vector<std::byte>& file, const Kind& kind) {
  auto opened = SavedSession::read(file, "input", *tiny());
  if (!opened) {
    if (opened.error().sentence.empty()) std::abort();
    return;
  }
  auto session = Session::restore(tiny(), options_of(kind), *opened);
  if (!session) {
    if (session.error().sentence.empty()) std::abort();
    return;
  }
  // An accepted session continues: once more beyond the context, and beyond every quota.
  for (int i = 0; i < 8 && (*session)->next(); ++i) {
  }
  std::vector<std::int32_t> ids(150, 40);
  (void)needed((*session)->append(ids));
  (void)needed((*session)->next());
  (void)(*session)->rewind((*session)->sequence().tokens() - 10);
  (void)(*session)->message("user", "and on");
  if ((*session)->sequence().cache().bytes_used() > (*session)->sequence().memory().kv.budget_bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const std::vector<std::byte> whole[] = {saved(kKinds[0]), saved(kKinds[1]), saved(kKinds[2]),
                                                 saved(kKinds[3]), saved(kKinds[4]), saved(kKinds[5]),
                                                 saved(kKinds[6]), saved(kKinds[7])};
  // The last two kinds came later: inputs that were found before them keep their meaning.
  const std::size_t number = data[0] % 32 >= 30 ? kKindCount + 29 - data[0] % 32 : data[0] % (kKindCount - 2);
  const Kind& kind = kKinds[number];
  const bool changes = data[0] < 128;
  ++data;
  --size;
  StateWriter body;
  if (changes) {
    std::vector<std::byte> state(whole[number].begin() + 24, whole[number].end() - 8);
    for (std::size_t i = 0; i + 3 <= size; i += 3) {
      state[(data[i] * 256u + data[i + 1]) % state.size()] = static_cast<std::byte>(data[i + 2]);
    }
    // A file's header and checksum around it, without the size that a piece would begin with.
    std::vector<std::byte> file = whole[number];
    std::memcpy(file.data() + 24, state.data(), state.size());
    generate::seal_session_file(file);
    check(file, kind);
  } else {
    generate::save(generate::SessionOrigin{"tiny", tiny()->file().profiles.fingerprint, {}, 0}, body);
    const std::vector<std::byte> start = generate::session_file_bytes(body);
    std::vector<std::byte> file(start.begin(), start.end() - 8);
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    file.insert(file.end(), bytes, bytes + size / 8 * 8);
    file.resize(file.size() + 8);
    generate::seal_session_file(file);
    check(file, kind);
  }
  const auto* raw = reinterpret_cast<const std::byte*>(data);
  check({raw, raw + size}, kind);
  return 0;
}
