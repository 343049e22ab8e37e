// Every function of brim.h and scheduler.h while memory runs out: allocation 0, 1, 2, … fails, alone and with all that follow, on a
// thread that makes its first call. The call ends with a status and a sentence, and the same call works afterwards.
#include <brim/document.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/memory/failing_malloc.hpp"
#include "tests/memory/long_chat.hpp"
#include "tests/memory/scheduler_calls.hpp"

using brim::test::allocation_failed;
using brim::test::fail_allocation;
using brim::test::Failing;
using brim::test::Where;

namespace {

std::string temporary(const char* name) {
  return (std::filesystem::temp_directory_path() / ("brim-" + std::string(name) + "-" + std::to_string(::getpid())))
      .string();
}

/// A model, a session in the middle of a conversation, and one that documents are given to.
struct Scene {
  const std::string path = temporary("entry-points"), saved = temporary("entry-points-saved");
  brim_options *model_options = nullptr, *options = brim::test::chat_options();
  brim_model* model = nullptr;
  brim_session *session = nullptr, *asked = nullptr;
  brim_scheduler* scheduler = nullptr;

  Scene() {
    brim::test::write_chat_model(path);
    REQUIRE(brim_options_create(&model_options) == BRIM_OK);
    REQUIRE(brim_options_set(model_options, "threads", "2") == BRIM_OK);
    REQUIRE(brim_model_load(path.c_str(), model_options, nullptr, nullptr, &model) == BRIM_OK);
    REQUIRE(brim_session_create(model, options, &session) == BRIM_OK);
    begin();
    REQUIRE(brim_session_save(session, saved.c_str()) == BRIM_OK);
    brim_options* reading = nullptr;
    REQUIRE(brim_options_create(&reading) == BRIM_OK);
    REQUIRE(brim_options_set(reading, "kv.budget", "70%") == BRIM_OK);
    REQUIRE(brim_options_set(reading, "kv.keep", "distinct") == BRIM_OK);
    REQUIRE(brim_session_create(model, reading, &asked) == BRIM_OK);
    brim_options_free(reading);
    REQUIRE(brim::test::create_scheduler(model, &scheduler) == BRIM_OK);
  }
  ~Scene() {
    brim_scheduler_free(scheduler);
    brim_session_free(session);
    brim_session_free(asked);
    brim_model_free(model);
    brim_options_free(options);
    brim_options_free(model_options);
    std::remove(path.c_str());
    std::remove(saved.c_str());
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  /// The session as every call finds it, whatever state the call before left.
  void begin() {
    REQUIRE(brim_session_clear(session) == BRIM_OK);
    REQUIRE(brim::test::chat_turn(session, 0));
  }
};

using Call = std::function<brim_status(Scene&)>;

struct Entry {
  const char* name;
  Call call;
  bool changes = false;  ///< the call changes the session, which is then created again before each call
};

constexpr long kEach = 100;  ///< this many allocations of a call fail one by one
/// After these, one allocation in every few fails, with a different step for each function: code that functions share
/// then fails at different places.
constexpr long kSteps[] = {7, 11, 13, 17, 19, 23, 29, 31};
/// For these functions, each allocation fails separately in failing_allocation_test.cpp; a scheduler creates sessions.
constexpr std::string_view kTriedThere[] = {"brim_model_load",      "brim_plan_get",     "brim_session_create",
                                            "brim_session_fork",    "brim_session_save", "brim_session_restore",
                                            "brim_scheduler_create"};

template <class T>
brim_status filled(const std::function<brim_status(T*)>& call) {
  T out{};
  out.size = sizeof out;
  return call(&out);
}

// One call of each function, followed by freeing what it created; functions that cannot fail only have to return.
const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {"brim_last_error", [](Scene&) { return brim_last_error() != nullptr ? BRIM_OK : BRIM_INTERNAL; }},
      {"brim_version", [](Scene&) { return brim_version()[0] != 0 ? BRIM_OK : BRIM_INTERNAL; }},
      {"brim_isa", [](Scene&) { return brim_isa()[0] != 0 ? BRIM_OK : BRIM_INTERNAL; }},
      {"brim_options_create",
       [](Scene&) {
         brim_options* made = nullptr;
         const brim_status status = brim_options_create(&made);
         brim_options_free(made);
         return status;
       }},
      {"brim_options_free", [](Scene&) { return brim_options_free(nullptr), BRIM_OK; }},
      {"brim_options_set",
       [](Scene&) {
         brim_options* made = nullptr;
         brim_status status = brim_options_create(&made);
         if (status == BRIM_OK)
           status = brim_options_set(made, "a key longer than a short string", "and a value as long as that");
         brim_options_free(made);
         return status;
       }},
      {"brim_options_on_log",
       [](Scene& scene) {
         return brim_options_on_log(
             scene.model_options, [](void*, brim_log_level, const char*) {}, nullptr);
       }},
      {"brim_options_on_progress",
       [](Scene& scene) {
         return brim_options_on_progress(
             scene.options, [](void*, std::int64_t, std::int64_t) { return 1; }, nullptr);
       }},
      {"brim_model_load",
       [](Scene& scene) {
         brim_model* made = nullptr;
         const brim_status status = brim_model_load(scene.path.c_str(), scene.model_options, nullptr, nullptr, &made);
         brim_model_free(made);
         return status;
       }},
      {"brim_model_free", [](Scene&) { return brim_model_free(nullptr), BRIM_OK; }},
      {"brim_model_info_get",
       [](Scene& scene) {
         return filled<brim_model_info>([&](brim_model_info* out) { return brim_model_info_get(scene.model, out); });
       }},
      {"brim_plan_get",
       [](Scene& scene) {
         return filled<brim_plan>([&](brim_plan* out) {
           return brim_plan_get(scene.path.c_str(), scene.model_options, scene.options, out);
         });
       }},
      {"brim_tokenize",
       [](Scene& scene) {
         int32_t ids[64];
         std::size_t count = 64;
         return brim_tokenize(scene.model, "the dog </s> was", 16, 1, 1, ids, &count);
       }},
      {"brim_detokenize",
       [](Scene& scene) {
         const int32_t ids[] = {1, 300, 301, 302};
         char text[256];
         std::size_t size = sizeof text;
         return brim_detokenize(scene.model, ids, 4, 1, text, &size);
       }},
      {"brim_session_create",
       [](Scene& scene) {
         brim_session* made = nullptr;
         const brim_status status = brim_session_create(scene.model, scene.options, &made);
         brim_session_free(made);
         return status;
       }},
      {"brim_session_free", [](Scene&) { return brim_session_free(nullptr), BRIM_OK; }},
      {"brim_session_fork",
       [](Scene& scene) {
         brim_session* made = nullptr;
         const brim_status status = brim_session_fork(scene.session, &made);
         brim_session_free(made);
         return status;
       }},
      {"brim_session_save", [](Scene& scene) { return brim_session_save(scene.session, scene.saved.c_str()); }},
      {"brim_session_restore",
       [](Scene& scene) {
         brim_session* made = nullptr;
         const brim_status status = brim_session_restore(scene.model, nullptr, scene.saved.c_str(), &made);
         brim_session_free(made);
         return status;
       }},
      {"brim_session_on_progress",
       [](Scene& scene) {
         brim_session_on_progress(
             scene.session, [](void*, std::int64_t, std::int64_t) { return 1; }, nullptr);
         return BRIM_OK;
       }},
      {"brim_session_cancel",
       [](Scene& scene) {
         brim_session_cancel(scene.session);
         brim_piece piece{};
         piece.size = sizeof piece;
         brim_session_next(scene.session, &piece);  // takes the cancellation, or has no answer to continue
         return BRIM_OK;
       },
       true},
      {"brim_session_append", [](Scene& scene) { return brim_session_append(scene.session, "the sun </s>", 12, 0, 1); },
       true},
      {"brim_session_append_ids",
       [](Scene& scene) {
         const int32_t ids[] = {300, 301, 302};
         return brim_session_append_ids(scene.session, ids, 3);
       },
       true},
      {"brim_session_message",
       [](Scene& scene) { return brim_session_message(scene.session, "user", "the dog </s> was on the cat", 27); },
       true},
      {"brim_session_regenerate", [](Scene& scene) { return brim_session_regenerate(scene.session); }, true},
      {"brim_session_next",
       [](Scene& scene) {
         brim_piece piece{};
         brim_status status = brim_session_append(scene.session, "the sun", 7, 0, 0);
         for (int i = 0; i < 8 && status == BRIM_OK; ++i) {
           piece.size = sizeof piece;
           status = brim_session_next(scene.session, &piece);
         }
         return status;
       },
       true},
      {"brim_sessions_next",
       [](Scene& scene) {
         brim_session* sessions[2] = {scene.session, nullptr};
         brim_piece pieces[2]{};
         brim_status status = brim_session_append(scene.session, "the sun", 7, 0, 0);
         if (status == BRIM_OK) status = brim_session_fork(scene.session, &sessions[1]);
         for (int i = 0; i < 8 && status == BRIM_OK; ++i) {
           pieces[0].size = sizeof pieces[0];
           status = brim_sessions_next(sessions, 2, pieces);
           for (const brim_piece& piece : pieces) {
             if (status == BRIM_OK) status = static_cast<brim_status>(piece.status);
           }
         }
         brim_session_free(sessions[1]);
         return status;
       },
       true},
      {"brim_session_logits",
       [](Scene& scene) {
         const float* values = nullptr;
         std::size_t count = 0;
         const brim_status status = brim_session_append(scene.session, "sun", 3, 0, 0);
         return status != BRIM_OK ? status : brim_session_logits(scene.session, &values, &count);
       },
       true},
      {"brim_session_embedding",
       [](Scene& scene) {
         const float* values = nullptr;
         std::size_t count = 0;
         const brim_status status = brim_session_append(scene.session, "sun", 3, 0, 0);
         return status != BRIM_OK ? status : brim_session_embedding(scene.session, &values, &count);
       },
       true},
      {"brim_session_finish", [](Scene& scene) { return brim_session_finish(scene.session, nullptr); }, true},
      {"brim_session_clear", [](Scene& scene) { return brim_session_clear(scene.session); }, true},
      {"brim_session_rewind", [](Scene& scene) { return brim_session_rewind(scene.session, 0); }, true},
      {"brim_session_set", [](Scene& scene) { return brim_session_set(scene.session, "dry_multiplier", "0.5"); }, true},
      {"brim_session_unset", [](Scene& scene) { return brim_session_unset(scene.session, "stop"); }, true},
      {"brim_session_option",
       [](Scene& scene) {
         const char* value = nullptr;
         return brim_session_option(scene.session, "temperature", 0, &value);
       }},
      {"brim_session_messages",
       [](Scene& scene) {
         const char* json = nullptr;
         std::size_t size = 0;
         return brim_session_messages(scene.session, &json, &size);
       }},
      {"brim_session_load_messages",
       [](Scene& scene) {
         constexpr std::string_view kJson =
             R"([{"role": "user", "content": "the dog was on the cat"}, {"role": "assistant", "content": "sun"}])";
         return brim_session_load_messages(scene.session, kJson.data(), kJson.size());
       },
       true},
      {"brim_session_stats",
       [](Scene& scene) {
         return filled<brim_stats>([&](brim_stats* out) { return brim_session_stats(scene.session, out); });
       }},
      {"brim_session_layer_stats",
       [](Scene& scene) {
         return filled<brim_layer_stats>(
             [&](brim_layer_stats* out) { return brim_session_layer_stats(scene.session, 0, out); });
       }},
      {"brim_session_describe",
       [](Scene& scene) { return brim_session_describe(scene.session)[0] != 0 ? BRIM_OK : BRIM_OUT_OF_MEMORY; }},
      {"brim_session_document",
       [](Scene& scene) { return brim_session_document(scene.asked, "the sun </s> was on the cat", 27); }},
      {"brim_session_document_stats",
       [](Scene& scene) {
         return filled<brim_document_stats>(
             [&](brim_document_stats* out) { return brim_session_document_stats(scene.asked, out); });
       }},
      {"brim_scheduler_create",
       [](Scene& scene) {
         brim_scheduler* made = nullptr;
         const brim_status status = brim::test::create_scheduler(scene.model, &made);
         return brim_scheduler_free(made), status;
       }},
      {"brim_scheduler_free", [](Scene&) { return brim_scheduler_free(nullptr), BRIM_OK; }},
      {"brim_scheduler_submit", [](Scene& scene) { return brim::test::answer_request(scene.scheduler); }},
      {"brim_scheduler_prompt", [](Scene& scene) { return brim::test::prompt_ids(scene.scheduler); }},
      {"brim_scheduler_step", [](Scene& scene) { return brim::test::answer_request(scene.scheduler); }},
      {"brim_scheduler_wait", [](Scene& scene) { return brim_scheduler_wait(scene.scheduler, 0, nullptr); }},
      {"brim_scheduler_wake", [](Scene& scene) { return brim_scheduler_wake(scene.scheduler), BRIM_OK; }},
      {"brim_scheduler_cancel", [](Scene& scene) { return brim_scheduler_cancel(scene.scheduler, 1), BRIM_OK; }},
      {"brim_scheduler_stats_get", [](Scene& scene) { return brim::test::scheduler_stats(scene.scheduler); }},
      {"brim_scheduler_seat_get", [](Scene& scene) { return brim::test::first_seat(scene.scheduler); }},
      {"brim_measure_machine",
       [](Scene&) { return filled<brim_machine>([](brim_machine* out) { return brim_measure_machine(2, out); }); }},
  };
  return all;
}

/// The distance to the next allocation that fails, after the first kEach: 1 for calls that no other test covers.
long step_of(std::size_t entry, Failing how) {
  const bool there =
      std::find(std::begin(kTriedThere), std::end(kTriedThere), entries()[entry].name) != std::end(kTriedThere);
  return how == Failing::once && !there ? 1 : kSteps[entry % std::size(kSteps)];
}

std::string name_of(Failing how) { return how == Failing::once ? ", once" : ", from then on"; }

struct Outcome {
  brim_status status = BRIM_OK;
  std::string sentence;
  bool failed = false;  ///< an allocation
};

Outcome on_fresh_thread(Scene& scene, const Entry& entry, long index, Failing how, Where where) {
  Outcome outcome;
  std::thread([&] {
    fail_allocation(index, how, where);
    outcome.status = entry.call(scene);
    const char* const sentence = brim_last_error();
    outcome.failed = allocation_failed();
    outcome.sentence = sentence;
  }).join();
  return outcome;
}

}  // namespace

TEST_CASE("the list of functions is that of the library") {
  std::ifstream file(std::string(BRIM_SOURCE_DIR) + "/tests/install/exported_symbols.txt");
  std::set<std::string> exported, listed;
  for (std::string name; std::getline(file, name);) exported.insert(name);
  for (const Entry& entry : entries()) listed.insert(entry.name);
  CHECK(exported == listed);
}

TEST_CASE("no function needs memory that another thread allocates") {
  Scene scene;
  for (const Entry& entry : entries()) {
    INFO(entry.name);
    scene.begin();
    const Outcome outcome = on_fresh_thread(scene, entry, 0, Failing::from_then_on, Where::other_threads);
    CHECK(outcome.status == BRIM_OK);
    CHECK(!outcome.failed);  // the engine's own threads allocate nothing
  }
}

TEST_CASE("every function, whichever of its allocations fails") {
  Scene scene;
  for (std::size_t number = 0; number < entries().size(); ++number) {
    const Entry& entry = entries()[number];
    // Measuring takes half a second each time; its first allocations are the important ones.
    const long last = std::string(entry.name) == "brim_measure_machine" ? 12 : 1'000'000;
    for (const Failing how : {Failing::once, Failing::from_then_on}) {
      const long step = step_of(number, how);
      for (long index = 0; index < last; index += index < kEach ? 1 : step) {
        if (entry.changes) scene.begin();
        const Outcome outcome = on_fresh_thread(scene, entry, index, how, Where::this_thread);
        if (!outcome.failed) {
          INFO(entry.name);
          REQUIRE(outcome.status == BRIM_OK);
          break;
        }
        INFO(entry.name, ": allocation ", index, name_of(how), ", status ", static_cast<int>(outcome.status), ": ",
             outcome.sentence);
        if (outcome.status == BRIM_OK) continue;
        REQUIRE(outcome.status == BRIM_OUT_OF_MEMORY);
        REQUIRE(outcome.sentence.size() > 10);
        if (entry.changes) scene.begin();
        REQUIRE(entry.call(scene) == BRIM_OK);
      }
    }
  }
}
