// Any bytes as a sequence of calls of the C interface, where two bytes give one call and its arguments: handles that
// are missing, freed early or given options twice, null pointers, sizes of 0 and beyond the end, bytes that are not
// text. Every call that fails gives a reason; a session keeps its budget.
#include <brim/document.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/support/tiny_model.hpp"

namespace {

constexpr const char* kPairs[][2] = {{"threads", "1"},
                                     {"threads", "3"},
                                     {"threads", "0"},
                                     {"weights", "file"},
                                     {"weights", "private"},
                                     {"weights", "gold"},
                                     {"context", "64"},
                                     {"context", "1"},
                                     {"context", "99999999999999"},
                                     {"kv.budget", "16KiB"},
                                     {"kv.budget", "40%"},
                                     {"kv.budget", "full"},
                                     {"kv.budget", "1B"},
                                     {"kv.type", "q8_0"},
                                     {"kv.type", "f32"},
                                     {"kv.split", "uniform"},
                                     {"kv.split", "zigzag"},
                                     {"kv.keep", "tova"},
                                     {"kv.keep", "snapkv"},
                                     {"kv.keep", "dynsplit"},
                                     {"kv.keep", "distinct"},
                                     {"kv.keep", ""},
                                     {"kv.read", "top=30%"},
                                     {"kv.heads", "apart"},
                                     {"kv.type", "q8_0:q4_0"},
                                     {"kv.profile", "/dev/null"},
                                     {"chat.template", "chatml"},
                                     {"chat.template", "{{ messages }}"},
                                     {"chat.template", "{% for"},
                                     {"spec.type", "none"},
                                     {"spec.draft_max", "3"},
                                     {"system", "\xFF be \xE2\x82"},
                                     {"stop", "a"},
                                     {"stop", "\xF0\x9F"},
                                     {"stop.ignore_eos", "1"},
                                     {"limit", "3"},
                                     {"limit", "-1"},
                                     {"seed", "18446744073709551615"},
                                     {"temperature", "0"},
                                     {"temperature", "1e30"},
                                     {"temperature", "nan"},
                                     {"top_k", "-1"},
                                     {"top_p", "0"},
                                     {"min_p", "1"},
                                     {"typical_p", "0.5"},
                                     {"xtc_probability", "1"},
                                     {"repeat_penalty", "1e6"},
                                     {"dry_multiplier", "1e300"},
                                     {"dry_allowed_length", "1048576"},
                                     {"mirostat", "2"},
                                     {"mirostat_tau", "0"},
                                     {"logit_bias", "5-inf"},
                                     {"logit_bias", "2147483647+1"},
                                     {"", ""},
                                     {"nonsense", "\x01"}};

constexpr std::string_view kTexts[] = {
    "",
    "a",
    "the cat was on the dog",
    "</s><s>",
    "\xFF\xFE\xC3",
    "Привет 日本語 \xF0\x9F\x90\x88",
    std::string_view("\0\0x", 3),
    "[{\"role\": \"user\", \"content\": \"hi\"}, {\"role\": \"assistant\", \"content\": \"ho\"}]",
    "[{\"role\": 5}]",
    "[[[[[[[",
    "one one one one one one one one one one one one one one one one one one one one one one one one one one one one "
    "one one"};
constexpr const char* kRoles[] = {"user", "assistant", "system", "tool", "narrator", "", nullptr};

// A model in memory, as a path; written at the first call.
const char* model_path() {
  static const std::string path = [] {
    const std::string file = "/tmp/brim-api-fuzz-" + std::to_string(getpid());
    brim::test::TinyModel shape;
    shape.layers = 2;
    brim::test::write_tiny_model(file, shape);
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    std::remove(file.c_str());
    const int memory = memfd_create("model", 0);
    if (memory < 0 || write(memory, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
    return "/proc/self/fd/" + std::to_string(memory);
  }();
  return path.c_str();
}

class Sequence {
 public:
  Sequence(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  ~Sequence() {
    for (brim_model* model : models_) brim_model_free(model);
    for (brim_session* session : sessions_) brim_session_free(session);
    for (brim_options* options : options_) brim_options_free(options);
  }
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  void run() {
    while (at_ < size_) {
      const unsigned call = next() % 32;
      call < 12 ? on_model(call) : on_session(call);
    }
  }

 private:
  unsigned next() { return at_ < size_ ? data_[at_++] : 0; }
  template <class T, std::size_t count>
  T& one_of(T (&values)[count]) {
    return values[next() % count];
  }
  // A size of `real` bytes or values, or less, or 0.
  std::size_t size_up_to(std::size_t real) {
    const unsigned choice = next() % 4;
    return choice == 0 ? 0 : choice == 1 ? real / 2 : real;
  }
  template <class T>
  T filled() {
    T out{};
    const std::size_t sizes[] = {sizeof out, sizeof out, sizeof out, 0, 3, 16};
    out.size = one_of(sizes);
    return out;
  }

  // Every failure gives a reason.
  void expect(brim_status status) {
    if (status != BRIM_OK && brim_last_error()[0] == '\0') std::abort();
    if (status == BRIM_INTERNAL) std::abort();
  }

  static int progress(void* user, std::int64_t, std::int64_t) { return *static_cast<bool*>(user) ? 0 : 1; }
  static void log(void*, brim_log_level, const char* sentence) {
    if (sentence[0] == '\0') std::abort();
  }

  void on_model(unsigned call) {
    brim_options*& options = one_of(options_);
    brim_model*& model = one_of(models_);
    switch (call) {
      case 0:
        if (options == nullptr) expect(brim_options_create(&options));
        break;
      case 1: {
        brim_options_free(options);
        options = nullptr;
        break;
      }
      case 2:
      case 3:
      case 4: {
        const auto& [key, value] = one_of(kPairs);
        expect(brim_options_set(options, next() % 16 == 0 ? nullptr : key, value));
        break;
      }
      case 5:
      case 6: {
        stop_ = next() % 8 == 0;
        const char* const paths[] = {model_path(), model_path(), model_path(), "/dev/null", "/", "", nullptr};
        brim_model** const out = next() % 16 == 0 || model != nullptr ? nullptr : &model;
        const char* const path = one_of(paths);
        expect(brim_model_load(path, options, next() % 2 == 0 ? progress : nullptr, &stop_, out));
        break;
      }
      case 7:
        if (next() % 3 != 0) break;
        brim_model_free(model);
        model = nullptr;
        break;
      case 8: {
        auto plan = filled<brim_plan>();
        expect(brim_plan_get(next() % 8 == 0 ? nullptr : model_path(), one_of(options_), options, &plan));
        break;
      }
      case 9: {
        auto info = filled<brim_model_info>();
        expect(brim_model_info_get(model, &info));
        break;
      }
      case 10:
        tokenize(model);
        break;
      default:
        expect(brim_options_on_log(options, next() % 2 == 0 ? log : nullptr, nullptr));
    }
  }

  void tokenize(brim_model* model) {
    const std::string_view text = one_of(kTexts);
    std::int32_t ids[64];
    const std::size_t capacities[] = {0, 1, 64};
    std::size_t count = one_of(capacities);
    const std::size_t room = count;
    const bool null = next() % 8 == 0;
    const brim_status status = brim_tokenize(model, null ? nullptr : text.data(), size_up_to(text.size()),
                                             next() % 2 != 0, next() % 2 != 0, room == 0 ? nullptr : ids, &count);
    expect(status);
    if (status != BRIM_OK) count = 0;
    if (next() % 8 == 0 && count > 0) ids[0] = next() % 2 == 0 ? -7 : INT32_MAX;
    char bytes[128];
    std::size_t size = sizeof bytes;
    expect(brim_detokenize(model, ids, count, next() % 2 != 0, bytes, &size));
  }

  void on_session(unsigned call) {
    brim_session*& session = one_of(sessions_);
    const std::string_view text = one_of(kTexts);
    const std::size_t size = size_up_to(text.size());
    switch (call) {
      case 12:
      case 13:
      case 14:
        if (session == nullptr) expect(brim_session_create(one_of(models_), one_of(options_), &session));
        break;
      case 15:
        if (next() % 3 != 0) break;
        brim_session_free(session);
        session = nullptr;
        break;
      case 16:
      case 17: {
        const bool null = next() % 16 == 0;  // together with a size that no buffer has
        expect(brim_session_append(session, null ? nullptr : text.data(), null ? SIZE_MAX : size, next() % 2 != 0, 0));
        break;
      }
      case 18: {
        const std::int32_t ids[] = {1, 260, static_cast<std::int32_t>(next()), next() % 8 == 0 ? INT32_MIN : 261};
        expect(brim_session_append_ids(session, next() % 8 == 0 ? nullptr : ids, size_up_to(4)));
        break;
      }
      case 19:
      case 20:
        expect(brim_session_message(session, one_of(kRoles), text.data(), size));
        break;
      case 21:
        expect(brim_session_regenerate(session));
        break;
      case 22:
      case 23:
      case 24:
        generate(session, 1 + next() % 12);
        break;
      case 25: {
        const float* values = nullptr;
        std::size_t count = 0;
        expect(brim_session_logits(session, next() % 8 == 0 ? nullptr : &values, &count));
        expect(brim_session_embedding(session, &values, next() % 8 == 0 ? nullptr : &count));
        break;
      }
      case 26: {
        auto piece = filled<brim_piece>();
        expect(brim_session_finish(session, next() % 2 == 0 ? nullptr : &piece));
        break;
      }
      case 27:
        expect(brim_session_rewind(session, static_cast<std::int64_t>(next()) - 8));
        break;
      case 28: {
        const auto& [key, value] = one_of(kPairs);
        expect(brim_session_set(session, key, value));
        break;
      }
      case 29: {
        stop_ = next() % 4 == 0;
        brim_session_on_progress(session, next() % 2 == 0 ? progress : nullptr, &stop_);
        if (next() % 4 == 0) brim_session_cancel(session);
        break;
      }
      case 30:
        conversation(session, text);
        break;
      case 31:
        if (next() % 4 != 0) {
          look(session);
        } else {
          expect(brim_session_document(session, next() % 16 == 0 ? nullptr : text.data(), size));
        }
        break;
      default:
        look(session);
    }
  }

  void generate(brim_session* session, unsigned pieces) {
    for (unsigned i = 0; i < pieces; ++i) {
      auto piece = filled<brim_piece>();
      const bool whole = piece.size == sizeof piece;
      const brim_status status = brim_session_next(session, &piece);
      expect(status);
      if (status != BRIM_OK || (whole && piece.end != 0)) return;
    }
  }

  void conversation(brim_session* session, std::string_view text) {
    const char* json = nullptr;
    std::size_t size = 0;
    expect(brim_session_messages(session, &json, next() % 8 == 0 ? nullptr : &size));
    if (json != nullptr && next() % 2 == 0) {
      const std::string copy(json, size);
      expect(brim_session_load_messages(session, copy.data(), copy.size()));
    } else {
      expect(brim_session_load_messages(session, text.data(), text.size()));
    }
  }

  void look(brim_session* session) {
    brim_stats stats{};
    stats.size = sizeof stats;
    const brim_status status = brim_session_stats(session, &stats);
    expect(status);
    if (status == BRIM_OK && stats.kv_peak_bytes > stats.kv_budget_bytes) std::abort();
    auto layer = filled<brim_layer_stats>();
    expect(brim_session_layer_stats(session, static_cast<std::int32_t>(next()) - 4, &layer));
    if (brim_session_describe(session) == nullptr) std::abort();
    auto document = filled<brim_document_stats>();
    expect(brim_session_document_stats(session, &document));
    if (next() % 4 == 0) expect(brim_session_clear(session));
  }

  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
  bool stop_ = false;
  brim_options* options_[3] = {};
  brim_model* models_[2] = {};
  brim_session* sessions_[3] = {};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Sequence(data, size < 2000 ? size : 2000).run();
  return 0;
}
