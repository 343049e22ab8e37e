// The C interface, third part: sessions that are copied, saved and restored. A saved session carries the options it was made
// with, by name, so that it can be made again.
#include <brim/brim.h>

#include <memory>
#include <string>
#include <utility>

#include "engine/api/handles.hpp"
#include "engine/generate/session_file.hpp"

using brim::ErrorCode;
using brim::Status;
using namespace brim::api;
using brim::generate::SavedSession;
using brim::generate::Session;

namespace brim::api {
namespace {

/// `key` is `value` from now on, whatever was said before; options that may be given several times add up.
void replace(OptionList& list, const std::string& key, const std::string& value) {
  if (!repeatable(key)) std::erase_if(list, [&](const auto& option) { return option.first == key; });
  list.emplace_back(key, value);
}

}  // namespace

Status set_option(brim_session& handle, const std::string& key, const std::string& value) {
  generate::SessionOptions changed = handle.session->options();
  BRIM_ASSIGN(const Change change, change_option(changed, key, value));
  switch (change) {
    case Change::sampling: BRIM_TRY(handle.session->set_sampling(changed.sampling)); break;
    case Change::stops: handle.session->set_stops(changed.stops); break;
    case Change::end_tokens: handle.session->set_ignore_end_tokens(changed.ignore_end_tokens); break;
    case Change::limit: handle.session->set_limit(changed.limit); break;
    case Change::system: handle.session->set_system(changed.system); break;
  }
  replace(handle.list, key, value);
  return {};
}

}  // namespace brim::api

extern "C" {

brim_status brim_session_fork(brim_session* session, brim_session** out) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (out == nullptr) return null_argument("out");
    *out = nullptr;
    auto handle = std::make_unique<brim_session>();
    handle->list = session->list;
    BRIM_ASSIGN(handle->session, session->session->fork());
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
  return guarded([&]() -> Status {
    if (model == nullptr || path == nullptr || out == nullptr) return null_argument("model, path or out");
    *out = nullptr;
    BRIM_ASSIGN(SavedSession saved, SavedSession::open(path, *model->model));
    auto handle = std::make_unique<brim_session>();
    handle->list = saved.origin().settings;
    OptionList changes;
    for (const auto& [key, value] : options ? options->list : OptionList()) {
      BRIM_ASSIGN(const bool fixed, fixed_at_creation(key, value));
      if (fixed) {
        replace(handle->list, key, value);
      } else {
        changes.emplace_back(key, value);
      }
    }
    BRIM_ASSIGN(brim::generate::SessionOptions settings, session_options(handle->list));
    settings.reader.threads = model->threads;
    settings.reader.pool = model->pool;
    BRIM_ASSIGN(handle->session, Session::restore(model->model, std::move(settings), saved));
    for (const auto& [key, value] : changes) BRIM_TRY(set_option(*handle, key, value));
    *out = handle.release();
    return {};
  });
}

}  // extern "C"
