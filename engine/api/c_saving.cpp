// The C interface, third part: sessions that are copied, saved and restored. A saved session carries the options that
// it was created with, by name, so that it can be created again.
#include <brim/brim.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "engine/api/handles.hpp"
#include "engine/generate/session_file.hpp"
#include "engine/run/choose_scores.hpp"
#include "engine/run/profile_remark.hpp"

using brim::ErrorCode;
using brim::Status;
using namespace brim::api;
using brim::generate::SavedSession;
using brim::generate::Session;

namespace brim::api {
namespace {

/// Sets `key` to `value`, replacing earlier values; options that may be given several times add up. Allocates nothing
/// where `list` has room for one more.
void replace(OptionList& list, std::pair<std::string, std::string> option) {
  if (!repeatable(option.first)) std::erase_if(list, [&](const auto& other) { return other.first == option.first; });
  list.push_back(std::move(option));
}

Status apply(Session& session, Change change, const generate::SessionOptions& options) {
  switch (change) {
    case Change::sampling:
      return session.set_sampling(options.sampling);
    case Change::stops:
      session.set_stops(options.stops);
      break;
    case Change::end_tokens:
      session.set_ignore_end_tokens(options.ignore_end_tokens);
      break;
    case Change::limit:
      session.set_limit(options.limit);
      break;
    case Change::system:
      return session.set_system(options.system);
    case Change::max_message:
      session.set_max_message_bytes(options.max_message_bytes);
      break;
  }
  return {};
}

/// Applies the options in `given` that do not concern memory to a session just restored. Values equal to the saved ones
/// change nothing: random draws continue where they were. Each kind of change is applied once, however many values
/// there are.
Status change_restored(brim_session& handle, const OptionList& given) {
  generate::SessionOptions changed = handle.session->options();
  // Both lists hold one value of each key, but for the keys that add up.
  std::set<std::pair<std::string_view, std::string_view>> saved(handle.list.begin(), handle.list.end());
  std::set<Change> changes;
  OptionList added;
  for (const auto& option : given) {
    if (!saved.emplace(option.first, option.second).second) continue;
    BRIM_ASSIGN(const Change change, change_option(changed, option.first, option.second));
    changes.insert(change);
    added.push_back(option);
  }
  if (changed.sampling == handle.session->options().sampling) changes.erase(Change::sampling);
  for (const Change change : changes) BRIM_TRY(apply(*handle.session, change, changed));
  for (auto& option : added) replace(handle.list, std::move(option));
  return {};
}

}  // namespace

void keep_profile(brim_session& handle) {
  const model::FoundProfile& found = handle.session->sequence().profile();
  // The earlier profile is removed too, where the session was saved with one: the new one may be another, or none. Learned
  // scores are not saved: the state says which they have to be.
  std::erase_if(handle.list, [](const auto& option) {
    return option.first == "kv.profile" || option.first == kSavedProfile || option.first == "kv.scores";
  });
  if (!found.text.empty()) handle.list.emplace_back(kSavedProfile, found.text);
  if (handle.log == nullptr) return;
  const kv::Plan& plan = handle.session->sequence().memory().kv;
  for (const std::string& remark : {run::profile_remark(plan, found), run::scores_remark(plan)}) {
    if (!remark.empty()) handle.log->say_once(BRIM_LOG_WARNING, remark);
  }
  if (found.notice.empty()) return;
  // Loading the model has logged why the profile that it carries cannot be used.
  const std::string& said = handle.session->sequence().model().file().carried.notice;
  if (said.empty() || !found.notice.starts_with(said)) {
    handle.log->say(BRIM_LOG_WARNING, found.notice);
  } else if (const std::string* split = given_option(handle, "kv.split", 0); split != nullptr && found.notice != said) {
    handle.log->say(BRIM_LOG_WARNING, sentence("the KV split ", *split,
                                               " needs a profile of the model, and there is none that can be "
                                               "used: the default split takes its place"));
  }
}

Status set_option(brim_session& handle, const std::string& key, const std::string& value) {
  // First the steps that need memory outside the session.
  std::pair<std::string, std::string> option(key, value);
  if (handle.list.size() == handle.list.capacity()) handle.list.reserve(2 * handle.list.size() + 1);
  generate::SessionOptions changed = handle.session->options();
  BRIM_ASSIGN(const Change change, change_option(changed, key, value));
  BRIM_TRY(apply(*handle.session, change, changed));
  replace(handle.list, std::move(option));
  return {};
}

Status unset_option(brim_session& handle, const std::string& key) {
  generate::SessionOptions changed = handle.session->options();
  BRIM_ASSIGN(const Change change, clear_option(changed, key));
  BRIM_TRY(apply(*handle.session, change, changed));
  std::erase_if(handle.list, [&](const auto& option) { return option.first == key; });
  return {};
}

const std::string* given_option(const brim_session& handle, std::string_view key, std::size_t index) {
  const std::string* last = nullptr;
  std::size_t count = 0;
  for (const auto& [name, value] : handle.list) {
    if (name != key) continue;
    if (repeatable(key) && count == index) return &value;
    last = &value;
    ++count;
  }
  return repeatable(key) || index > 0 ? nullptr : last;  // of other options the last value counts
}

}  // namespace brim::api

extern "C" {

brim_status brim_session_fork(brim_session* session, brim_session** out) {
  hand_out_nothing(out);
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (out == nullptr) return null_argument("out");
    auto handle = std::make_unique<brim_session>();
    handle->list = session->list;
    handle->eviction_logged = session->eviction_logged;
    BRIM_ASSIGN(handle->session, session->session->fork());
    attach_log(*handle, session->log);
    *out = handle.release();
    return {};
  });
}

brim_status brim_session_save(brim_session* session, const char* path) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (path == nullptr) return null_argument("path");
    if (*path == '\0') return brim::error(ErrorCode::invalid_argument, "path: expected a file's name, found nothing");
    return session->session->save(path, session->list);
  });
}

brim_status brim_session_restore(brim_model* model, const brim_options* options, const char* path, brim_session** out) {
  hand_out_nothing(out);
  return guarded([&]() -> Status {
    if (model == nullptr || path == nullptr || out == nullptr) return null_argument("model, path or out");
    const brim::Progress progress =
        options == nullptr ? brim::Progress() : progress_of(options->progress, options->progress_user);
    BRIM_ASSIGN(SavedSession saved, SavedSession::open(path, *model->model, progress));
    auto handle = std::make_unique<brim_session>();
    handle->list = saved.origin().settings;
    OptionList changes;
    std::string profile_path, scores_path;  // the caller may name files; the saved session may not
    for (const auto& [key, value] : options ? options->list : OptionList()) {
      BRIM_ASSIGN(const bool fixed, fixed_at_creation(key, value));
      if (key == "kv.profile") {
        profile_path = value;
      } else if (key == "kv.scores") {
        scores_path = value;
      } else {
        (fixed ? handle->list : changes).emplace_back(key, value);
      }
    }
    handle->list = last_values(handle->list);
    changes = last_values(changes);
    BRIM_ASSIGN(const OptionList list, brim::api::with_model_defaults(handle->list, model->model->file()));
    BRIM_ASSIGN(brim::generate::SessionOptions settings, saved_session_options(list, path));
    if (!profile_path.empty()) {
      settings.sequence.profile_path = profile_path;
      settings.sequence.profile_text.clear();
    }
    // The rule is the saved session's: under another one there is nothing to do with scores.
    if (settings.sequence.keep->needs().measure == brim::kv::EntryMeasure::learned) {
      settings.sequence.scores_path = scores_path;
    }
    settings.sequence.threads = model->threads;
    settings.sequence.executor = model->executor;
    settings.sequence.pool = model->pool;
    settings.sequence.preparing = progress;
    BRIM_ASSIGN(handle->session, Session::restore(model->model, std::move(settings), saved));
    attach_log(*handle, model->log);
    keep_profile(*handle);
    BRIM_TRY(change_restored(*handle, changes));
    *out = handle.release();
    return {};
  });
}

}  // extern "C"
