// Documents through the C++ header: forks and a restored session go on from the same document, statistics say what is
// kept, small budgets are warned of once, and a document in the wrong place is refused with a sentence.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "brim/brim.hpp"
#include "tests/support/tiny_file.hpp"

namespace {

using brim::test::TinyFile;

brim::test::TinyModel one_wide_layer() {
  brim::test::TinyModel shape;
  shape.layers = 1;
  shape.context = 512;
  return shape;
}

std::string text_of(int sentences) {
  std::string text;
  for (int i = 0; i < sentences; ++i) text += "the dog was on the cat and " + std::to_string(i) + " suns. ";
  return text;
}

struct Asking {
  /// Warnings that a document is processed once.
  std::ptrdiff_t times_warned() const {
    return std::count_if(warnings.begin(), warnings.end(),
                         [](const std::string& line) { return line.find("processed once") != std::string::npos; });
  }
  TinyFile file{one_wide_layer()};
  std::vector<std::string> warnings;
  brim::Model model =
      brim::Model::load(file.path, {{"threads", "2"}}, {}, [this](brim_log_level level, std::string_view sentence) {
        if (level == BRIM_LOG_WARNING) warnings.emplace_back(sentence);
      });
};

}  // namespace

TEST_CASE("a document is kept in part, and asked about in forks and in a restored session") {
  Asking with;
  brim::Session session(with.model, {{"kv.budget", "50%"}, {"kv.keep", "distinct"}, {"kv.split", "uniform"}});
  CHECK(session.document_stats().tokens == 0);
  CHECK(session.document_stats().kept == 0);
  std::vector<std::int64_t> done;
  session.on_progress([&](std::int64_t now, std::int64_t total) {
    CHECK(now <= total);
    CHECK((done.empty() || now >= done.back()));
    done.push_back(now);
    return true;
  });
  session.document(text_of(60));
  CHECK(done.size() > 3);
  const brim_document_stats found = session.document_stats();
  CHECK(found.tokens == session.stats().tokens);
  CHECK(found.tokens == done.back());
  CHECK(found.kept > 0);
  CHECK(found.kept < found.tokens);
  CHECK(found.kept == found.kept_min);
  CHECK(found.kept == found.kept_max);
  CHECK(found.kept == session.layer_stats(0).used);
  CHECK(found.layers == 1);
  CHECK(found.looked == 1);
  CHECK(session.stats().kv_peak_bytes <= session.stats().kv_budget_bytes);
  CHECK(with.times_warned() == 0);

  session.save(with.file.path + ".session");
  brim::Session restored = brim::Session::restore(with.model, with.file.path + ".session");
  CHECK(restored.document_stats().tokens == found.tokens);
  std::vector<std::vector<float>> logits;
  for (brim::Session* of : {&session, &restored}) {
    brim::Session fork = of->fork();
    fork.message("user", "who?");
    logits.push_back(fork.logits());
    CHECK(fork.messages().find("suns. \\n\\nwho?") != std::string::npos);
    CHECK(fork.document_stats().tokens == found.tokens);
  }
  CHECK(logits[0] == logits[1]);
  session.clear();
  CHECK(session.document_stats().tokens == 0);
}

TEST_CASE("a budget too small for pieces is warned of once; a rule without scores is refused") {
  Asking with;
  for (int round = 0; round < 2; ++round) {
    brim::Session session(with.model, {{"kv.budget", "13%"}, {"kv.keep", "distinct"}});
    session.document(text_of(30));
    CHECK(session.document_stats().looked == 0);
  }
  CHECK(with.times_warned() == 1);
  brim::Session window(with.model, {{"kv.budget", "50%"}, {"kv.keep", "window"}});
  window.append("the cat");
  const std::int64_t tokens = window.stats().tokens;
  for (const std::string& text : {text_of(3), std::string()}) {
    try {
      window.document(text);
      FAIL("a document was taken");
    } catch (const brim::Exception& failure) {
      CHECK(failure.status() == BRIM_INVALID_ARGUMENT);
      CHECK(std::string(failure.what()).find(text.empty() ? "empty" : "kv.keep=distinct") != std::string::npos);
    }
  }
  CHECK(window.stats().tokens == tokens);
  CHECK(brim_session_document(nullptr, "a", 1) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_document(window.get(), nullptr, 1) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_document_stats(window.get(), nullptr) == BRIM_INVALID_ARGUMENT);
}
