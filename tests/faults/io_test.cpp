// Every system call on a file fails once, is interrupted once, or does half of the requested work. In each case: an
// error gives a sentence, and the file's name has the old file, the new one or none; calls that are interrupted or do
// half of the work still lead to success.
#include <brim/brim.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "apps/calibrate/progress_file.hpp"
#include "apps/commands.hpp"
#include "apps/quantize/repack.hpp"
#include "tests/faults/failing_io.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

using brim::test::file_content;
using brim::test::IoFault;

namespace {

struct Folder : brim::test::ScratchFolder {
  std::string model = path + "/model.gguf", file = path + "/file";
  Folder() {
    setenv("XDG_CACHE_HOME", (path + "/cache").c_str(), 1);
    brim::test::TinyModel shape;
    shape.format = brim::quant::Format::q8_0;
    shape.feed_forward = 128;
    brim::test::write_tiny_model(model, shape);
  }
  ~Folder() { unsetenv("XDG_CACHE_HOME"); }
};

long temporaries(const std::string& folder) {
  long found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    found += entry.path().filename().string().find(".part") != std::string::npos ? 1 : 0;
  }
  return found;
}

struct Outcome {
  bool ok = true;
  bool of_io = true;  ///< whether the error, if there is one, is about I/O
  std::string sentence;
};

Outcome of(brim_status status) {
  if (status == BRIM_OK) return {};
  return {false, status == BRIM_IO, brim_last_error()};
}
Outcome of(const brim::Status& status) {
  if (status) return {};
  return {false, status.error().code == brim::ErrorCode::io, status.error().sentence};
}

constexpr long kSteps[] = {7, 11, 13, 17, 19, 23, 29, 31};

/// Calls work() with each fault on file call 0, 1, 2, …, with and without support for files that have no name, until
/// the index is beyond the last call. Each call fails once with EIO. With the other faults, each of the first calls
/// fails, and then one call in every few of the hundreds that are alike; the step differs for each fault. `check`
/// inspects the files after a failure or a success.
void hit_each(const Folder& folder, const std::function<Outcome()>& work,
              const std::function<void(bool worked)>& check) {
  for (const bool nameless : {true, false}) {
    brim::test::offer_nameless_files(nameless);
    for (const IoFault fault : {IoFault::error_io, IoFault::error_space, IoFault::interrupted, IoFault::short_count}) {
      const long step =
          nameless && fault == IoFault::error_io ? 1 : kSteps[2 * static_cast<std::size_t>(fault) + (nameless ? 1 : 0)];
      for (long call = 0;; call += call < 64 ? 1 : step) {
        brim::test::fail_io(call, fault);
        const Outcome outcome = work();
        const bool hit = brim::test::io_failed();
        brim::test::fail_io(-1, fault);
        CAPTURE(call);
        CAPTURE(static_cast<int>(fault));
        CAPTURE(outcome.sentence);
        const bool may_fail = hit && (fault == IoFault::error_io || fault == IoFault::error_space);
        REQUIRE((outcome.ok || may_fail));
        if (!outcome.ok) REQUIRE((outcome.of_io && outcome.sentence.size() > 20));
        REQUIRE(temporaries(folder.path) == 0);
        check(outcome.ok);
        if (!hit) break;
        REQUIRE(call < 100000);
      }
    }
  }
  brim::test::offer_nameless_files(true);
}

struct Loaded {
  brim_model* model = nullptr;
  brim_session* session = nullptr;
  explicit Loaded(const Folder& folder) {
    brim_options* options = nullptr;
    REQUIRE(brim_options_create(&options) == BRIM_OK);
    brim_options_set(options, "threads", "2");
    REQUIRE(brim_model_load(folder.model.c_str(), options, nullptr, nullptr, &model) == BRIM_OK);
    brim_options_free(options);
    REQUIRE(brim_session_create(model, nullptr, &session) == BRIM_OK);
    REQUIRE(brim_session_append(session, "the cat", 7, 1, 0) == BRIM_OK);
  }
  ~Loaded() {
    brim_session_free(session);
    brim_model_free(model);
  }
};

Outcome load(const Folder& folder, const char* weights) {
  brim_options* options = nullptr;
  REQUIRE(brim_options_create(&options) == BRIM_OK);
  brim_options_set(options, "threads", "2");
  brim_options_set(options, "weights", weights);
  brim_model* model = nullptr;
  const Outcome outcome = of(brim_model_load(folder.model.c_str(), options, nullptr, nullptr, &model));
  brim_options_free(options);
  brim_model_free(model);
  return outcome;
}

}  // namespace

TEST_CASE("saving a session: the old file or the new one") {
  const Folder folder;
  const Loaded loaded(folder);
  REQUIRE(brim_session_save(loaded.session, folder.file.c_str()) == BRIM_OK);
  const std::string whole = file_content(folder.file);
  hit_each(
      folder,
      [&] {
        std::ofstream(folder.file) << "old";
        return of(brim_session_save(loaded.session, folder.file.c_str()));
      },
      [&](bool worked) {
        const std::string now = file_content(folder.file);
        REQUIRE((now == whole || (!worked && now == "old")));
      });
}

TEST_CASE("restoring a session") {
  const Folder folder;
  const Loaded loaded(folder);
  REQUIRE(brim_session_save(loaded.session, folder.file.c_str()) == BRIM_OK);
  hit_each(
      folder,
      [&] {
        brim_session* restored = nullptr;
        const Outcome outcome = of(brim_session_restore(loaded.model, nullptr, folder.file.c_str(), &restored));
        brim_session_free(restored);
        return outcome;
      },
      [](bool) {});
}

TEST_CASE("loading a model into memory and in place") {
  const Folder folder;
  for (const char* weights : {"private", "file"}) {
    hit_each(
        folder, [&] { return load(folder, weights); }, [](bool) {});
  }
}

TEST_CASE("loading through the cache of weights, when it is empty and when it is not") {
  const Folder folder;
  for (const bool empty : {true, false}) {
    hit_each(
        folder,
        [&] {
          if (empty) std::filesystem::remove_all(folder.path + "/cache");
          return load(folder, "shared");
        },
        [&](bool) {
          // A file that was left behind is either not used, or is correct.
          if (!empty) return;
          REQUIRE(load(folder, "shared").ok);
        });
  }
}

TEST_CASE("quantising: the old file or the new one") {
  const Folder folder;
  const auto quantize = [&]() -> brim::Status {
    BRIM_ASSIGN(const brim::io::Gguf model, brim::io::Gguf::open(folder.model));
    brim::io::GgufWriter writer;
    for (const auto& entry : model.metadata()) writer.set(entry.key, entry.value);
    const auto format = [](const brim::io::Tensor& tensor) {
      return tensor.dimensions > 1 ? brim::quant::Format::q4_0 : tensor.format;
    };
    for (const auto& tensor : model.tensors()) {
      writer.add_tensor(tensor.name, format(tensor), {tensor.shape, static_cast<std::size_t>(tensor.dimensions)});
    }
    BRIM_TRY(writer.begin(folder.file));
    brim::apps::Repacker repacker(2);
    for (const auto& tensor : model.tensors()) {
      BRIM_TRY(repacker.repack(model, tensor, format(tensor), writer, [](std::size_t) { return true; }));
    }
    BRIM_TRY(model.check_unchanged());
    return writer.finish();
  };
  REQUIRE(quantize());
  const std::string whole = file_content(folder.file);
  hit_each(
      folder,
      [&] {
        std::ofstream(folder.file) << "old";
        return of(quantize());
      },
      [&](bool worked) {
        const std::string now = file_content(folder.file);
        REQUIRE((now == whole || (!worked && now == "old")));
      });
}

TEST_CASE("calibration's progress: what was measured before or what is now") {
  const Folder folder;
  std::vector<brim::apps::WindowLosses> windows(1);
  windows[0].layers.resize(3);
  windows[0].layers[1].measured = true;
  hit_each(
      folder,
      [&]() -> Outcome {
        std::ofstream(folder.file) << "old";
        try {
          brim::apps::save_progress(folder.file, "settings", windows);
        } catch (const brim::apps::Failure& failure) {
          return {false, failure.code == 1, failure.what()};
        }
        return {};
      },
      [&](bool worked) {
        const std::string now = file_content(folder.file);
        REQUIRE((now.find("\"settings\"") != std::string::npos || (!worked && now == "old")));
      });
}
