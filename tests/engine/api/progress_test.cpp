// Every progress that the library reports: within one call the total stays the same, the done count never decreases and
// is at most the total, and in the end it equals the total.
#include <doctest/doctest.h>
#include <brim/brim.hpp>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

struct Call {
  std::int64_t done, total;
};
using Calls = std::vector<Call>;

std::function<bool(std::int64_t, std::int64_t)> into(Calls& calls) {
  return [&calls](std::int64_t done, std::int64_t total) {
    calls.push_back({done, total});
    return true;
  };
}

void check(const Calls& calls, bool to_the_end = true) {
  REQUIRE(!calls.empty());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    CHECK(calls[i].total == calls[0].total);
    CHECK(calls[i].done >= 0);
    CHECK(calls[i].done <= calls[i].total);
    if (i > 0) CHECK(calls[i].done >= calls[i - 1].done);
  }
  if (to_the_end) CHECK(calls.back().done == calls.back().total);
}

struct Folder : brim::test::ScratchFolder {
  std::string model = path + "/model.gguf", other = path + "/other.gguf", saved = path + "/session";
  Folder() {
    brim::test::TinyModel shape;
    shape.format = brim::quant::Format::q8_0;
    shape.feed_forward = 128;
    shape.context = 2048;
    brim::test::write_tiny_model(model, shape);
    shape.seed = 2;
    brim::test::write_tiny_model(other, shape);
    ::setenv("XDG_CACHE_HOME", (path + "/cache").c_str(), 1);
  }
  ~Folder() { ::unsetenv("XDG_CACHE_HOME"); }
};

}  // namespace

TEST_CASE("loading, however the weights are kept, and where the cache has to be compared and filled") {
  const Folder folder;
  for (const char* weights : {"private", "file", "shared"}) {
    // The files have the same shape: the cache may already contain the second, which is hashed and then packed.
    for (const std::string& path : {folder.model, folder.other, folder.model, folder.other}) {
      CAPTURE(weights);
      CAPTURE(path);
      Calls calls;
      brim::Model::load(path, {{"weights", weights}, {"threads", "2"}}, into(calls));
      if (!calls.empty()) check(calls);
    }
  }
}

TEST_CASE("creating a session, and restoring one") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  for (const char* budget : {"full", "30%", "1MiB"}) {
    for (const char* context : {"256", "1000", "2048"}) {
      CAPTURE(budget);
      CAPTURE(context);
      Calls creating, restoring;
      brim::Session session(model, {{"kv.budget", budget}, {"context", context}}, into(creating));
      check(creating);
      CHECK(creating.front().done == 0);
      session.append("the cat");
      session.save(folder.saved);
      brim::Session::restore(model, folder.saved, {}, into(restoring));
      check(restoring);
      CHECK(restoring.front().done == 0);
    }
  }
}

TEST_CASE("restoring can be stopped at each of its reports, and is whole otherwise") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  brim::Session session(model, {{"kv.budget", "full"}});
  session.append(std::string(500, 'a'));
  session.save(folder.saved);
  brim::Session::restore(model, folder.saved);  // a second session makes space for two, which stays
  Calls all;
  brim::Session::restore(model, folder.saved, {}, into(all));
  check(all);
  CHECK(all.size() >= 5);  // prefill, checking, preparing, copying
  for (std::size_t stop = 0; stop < all.size(); ++stop) {
    std::size_t calls = 0;
    const auto refuse = [&](std::int64_t, std::int64_t) { return calls++ != stop; };
    brim_status status = BRIM_OK;
    try {
      brim::Session::restore(model, folder.saved, {}, refuse);
    } catch (const brim::Exception& thrown) {
      status = thrown.status();
    }
    CHECK(status == BRIM_CANCELLED);
    CHECK(calls == stop + 1);
  }
}

TEST_CASE("prefill: a text, a message, and a text that has to be processed again with more behind it") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "2"}});
  brim::Session session(model, {{"chat.template", "chatml"}, {"stop.ignore_eos", "1"}, {"kv.budget", "30%"}});
  Calls calls;
  const auto record = into(calls);
  std::int64_t stop_at = -1;
  session.on_progress(
      [&](std::int64_t done, std::int64_t total) { return record(done, total) && (stop_at < 0 || done < stop_at); });
  const auto turn = [&](const std::function<void()>& work, bool to_the_end = true) {
    calls.clear();
    try {
      work();
    } catch (const brim::Exception& thrown) {
      CHECK(thrown.status() == BRIM_CANCELLED);
    }
    check(calls, to_the_end);
  };
  turn([&] { session.append(std::string(900, 'a')); });
  turn([&] { session.message("user", std::string(700, 'b')); });
  for (int i = 0; i < 10; ++i) session.next();
  turn([&] { session.message("user", "and then?"); });
  // Messages that differ from the text that was processed early: the cache, which has evicted, is rebuilt by processing
  // the tokens again, together with the new text.
  turn([&] {
    session.load_messages(R"([{"role": "user", "content": ")" + std::string(700, 'c') +
                          R"("}, {"role": "assistant", "content": "x"},
                              {"role": "user", "content": ")" +
                          std::string(300, 'd') + "\"}]");
  });
  stop_at = 100;
  turn(
      [&] {
        session.regenerate();
        session.load_messages(R"([{"role": "user", "content": ")" + std::string(900, 'c') + "\"}]");
      },
      false);
  stop_at = -1;
  const std::int64_t read = session.stats().tokens;
  turn([&] { session.append(std::string(400, 'e')); });
  CHECK(session.stats().tokens >= read + 400);
}
