// Errors, options and models: the first half of brim/brim.hpp, which programs include.
#pragma once

#include <brim/brim.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brim {

/// Thrown by every call that fails; what() is the sentence of brim_last_error().
class Exception : public std::runtime_error {
 public:
  Exception(brim_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
  brim_status status() const { return status_; }

 private:
  brim_status status_;
};

namespace detail {
inline void check(brim_status status) {
  if (status != BRIM_OK) throw Exception(status, brim_last_error());
}

/// `text` for a C parameter that ends at the first NUL. Throws if the text has a NUL inside, where C would cut it.
inline const char* whole(const char* name, const std::string& text) {
  const std::size_t nul = text.find('\0');
  if (nul == std::string::npos) return text.c_str();
  throw Exception(BRIM_INVALID_ARGUMENT,
                  std::string(name) + ": byte " + std::to_string(nul) + " is NUL, which would end it there");
}

/// A progress callback in the form that C calls. An exception from it stops the call, and rethrow() throws it again
/// when that call has returned. The callback may be replaced while it runs.
class Progress {
 public:
  using Function = std::function<bool(std::int64_t, std::int64_t)>;
  void set(Function function) {
    function_ = function ? std::make_shared<const Function>(std::move(function)) : nullptr;
  }
  static int call(void* user, std::int64_t done, std::int64_t total) noexcept {
    Progress& self = *static_cast<Progress*>(user);
    try {
      const std::shared_ptr<const Function> function = self.function_;
      return function == nullptr || (*function)(done, total) ? 1 : 0;
    } catch (...) {
      self.failure_ = std::current_exception();
      return 0;
    }
  }
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  std::shared_ptr<const Function> function_;
  std::exception_ptr failure_;
};
}  // namespace detail

class Model;

/// Options of a model or of a session: values by string key; brim.h lists the keys. Movable.
class Options {
 public:
  Options() {
    brim_options* raw = nullptr;
    detail::check(brim_options_create(&raw));
    handle_.reset(raw);
  }
  Options(std::initializer_list<std::pair<const char*, const char*>> pairs) : Options() {
    for (const auto& [key, value] : pairs) set(key, value);
  }
  /// The value is checked by the call that these options are passed to, not here.
  Options& set(const std::string& key, const std::string& value) {
    detail::check(brim_options_set(handle_.get(), detail::whole("option", key), detail::whole(key.c_str(), value)));
    return *this;
  }
  /// Never null. Throws if the options were moved from, because null would mean the defaults.
  const brim_options* get() const {
    if (!handle_) throw Exception(BRIM_INVALID_ARGUMENT, "options: these were moved from");
    return handle_.get();
  }

 private:
  friend class Model;
  friend class Session;
  struct Free {
    void operator()(brim_options* raw) const { brim_options_free(raw); }
  };
  std::unique_ptr<brim_options, Free> handle_;
};

/// The memory that loading `path` and one session with these options would take, in bytes; reads no weights.
inline brim_plan plan(const std::string& path, const Options& model_options = {}, const Options& session_options = {}) {
  brim_plan plan{};
  plan.size = sizeof plan;
  detail::check(brim_plan_get(detail::whole("path", path), model_options.get(), session_options.get(), &plan));
  return plan;
}

/// Called with the units done and their total: bytes, or tokens during prefill (brim_progress). Return false to stop the
/// call, which then throws BRIM_CANCELLED. An exception from the callback stops the call too, which then throws it.
using ProgressCallback = detail::Progress::Function;

/// The log callback of a model, called with a level and one sentence (brim_log). Exceptions from it are dropped.
using LogCallback = std::function<void(brim_log_level, std::string_view)>;

/// A loaded model. Movable. Any number of threads may use it at once. Sessions may outlive it.
class Model {
 public:
  /// Loads a GGUF file; of a split model, name its first file. `progress` is called during the call, with bytes. `log` is
  /// called for as long as the model lives.
  static Model load(const std::string& path, const Options& options = {}, const ProgressCallback& progress = {},
                    LogCallback log = {}) {
    Model model;
    const char* file = detail::whole("path", path);
    const brim_options* given = options.get();
    if (log) {
      model.log_ = std::make_unique<LogCallback>(std::move(log));
      detail::check(brim_options_on_log(options.handle_.get(), &say, model.log_.get()));
    }
    detail::Progress called;
    called.set(progress);
    brim_model* raw = nullptr;
    const brim_status status =
        brim_model_load(file, given, progress ? &detail::Progress::call : nullptr, &called, &raw);
    model.handle_.reset(raw);
    if (model.log_) brim_options_on_log(options.handle_.get(), nullptr, nullptr);
    called.rethrow();
    detail::check(status);
    return model;
  }
  Model(Model&&) noexcept = default;
  Model& operator=(Model&& other) noexcept {
    handle_ = std::move(other.handle_);  // the old handle is freed before its log
    log_ = std::move(other.log_);
    return *this;
  }
  brim_model_info info() const {
    brim_model_info info{};
    info.size = sizeof info;
    detail::check(brim_model_info_get(handle_.get(), &info));
    return info;
  }
  /// The token ids of a text (brim_tokenize).
  std::vector<std::int32_t> tokenize(std::string_view text, bool add_special, bool parse_special) const {
    std::size_t count = 0;
    const brim_status status =
        brim_tokenize(handle_.get(), text.data(), text.size(), add_special, parse_special, nullptr, &count);
    if (count == 0) detail::check(status);  // else count is how many there are
    std::vector<std::int32_t> ids(count);
    if (count > 0) {
      detail::check(
          brim_tokenize(handle_.get(), text.data(), text.size(), add_special, parse_special, ids.data(), &count));
    }
    return ids;
  }
  /// The text of token ids (brim_detokenize). May begin or end inside a UTF-8 character.
  std::string detokenize(const std::vector<std::int32_t>& ids, bool render_special = false) const {
    std::size_t size = 0;
    brim_detokenize(handle_.get(), ids.data(), ids.size(), render_special, nullptr, &size);
    std::string text(size, '\0');
    detail::check(brim_detokenize(handle_.get(), ids.data(), ids.size(), render_special, text.data(), &size));
    return text;
  }
  /// The handle, which stays owned by this object.
  brim_model* get() const { return handle_.get(); }

 private:
  Model() = default;
  static void say(void* user, brim_log_level level, const char* sentence) noexcept {
    try {
      (*static_cast<LogCallback*>(user))(level, sentence);
    } catch (...) {
      // There is no call in progress that it could end.
    }
  }
  std::unique_ptr<LogCallback> log_;  // destroyed after the handle
  struct Free {
    void operator()(brim_model* raw) const { brim_model_free(raw); }
  };
  std::unique_ptr<brim_model, Free> handle_;
};

}  // namespace brim
