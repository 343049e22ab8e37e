// The C interface, second part: sessions. Options, models and the machine are in c_model.cpp; copying, saving and restoring
// sessions in c_saving.cpp.
#include <brim/brim.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/handles.hpp"
#include "engine/base/quote.hpp"
#include "engine/base/size_text.hpp"
#include "engine/kv/layout.hpp"

using brim::ErrorCode;
using brim::Status;
using namespace brim::api;

brim_piece brim::api::piece_of(const brim::generate::Piece& piece) noexcept {
  brim_piece out{};
  out.text = piece.text.data() != nullptr ? piece.text.data() : "";
  out.text_size = piece.text.size();
  out.id = piece.id;
  out.end = static_cast<std::int32_t>(piece.end);
  out.status = BRIM_OK;
  return out;
}

void brim::api::attach_log(brim_session& session, std::shared_ptr<ModelLog> log) {
  session.log = std::move(log);
  if (session.log == nullptr) return;
  const brim::kv::Plan& plan = session.session->sequence().cache().plan();
  session.eviction_message =
      brim::sentence(" tokens the cache of ", brim::size_text(static_cast<std::size_t>(plan.budget_bytes)),
                     " is full; from now on it evicts (", plan.keep, ")");
}

void brim::api::log_eviction(brim_session& session) noexcept {
  if (session.eviction_logged || session.log == nullptr) return;
  if (session.session->sequence().cache().evicted() == 0) return;
  session.eviction_logged = true;
  char line[256];
  std::snprintf(line, sizeof line, "after %lld%s", static_cast<long long>(session.session->sequence().tokens()),
                session.eviction_message.c_str());
  session.log->say(BRIM_LOG_INFO, line);
}

void brim::api::log_whole_reading(brim_session& session) noexcept {
  if (session.whole_reading_logged || session.log == nullptr) return;
  if (session.session->sequence().whole_readings() == 0) return;
  session.whole_reading_logged = true;
  session.log->say(
      BRIM_LOG_WARNING,
      "the text was processed again from its beginning, because layers of this model keep states or a sliding "
      "window that cannot be taken back, and no checkpoint was left before the change; a larger KV "
      "budget makes room for one (option kv.checkpoints)");
}

namespace {

std::string checkpoints_text(const brim::kv::Memory& memory) {
  const int max = memory.plan().checkpoints;
  return brim::sentence(", ", memory.checkpoints().size(), " of ", max, max == 1 ? " checkpoint" : " checkpoints");
}

void warn_of_dropped(brim_session& session, const std::vector<std::string>& members) {
  std::string names;
  for (const std::string& member : members) names += (names.empty() ? "" : ", ") + brim::quoted(member);
  session.log->say(BRIM_LOG_WARNING, brim::sentence("a conversation keeps only the role and the content of messages, ",
                                                    "and left out: ", names));
}

}  // namespace

extern "C" {

brim_status brim_session_create(brim_model* model, const brim_options* options, brim_session** out) {
  hand_out_nothing(out);
  return guarded([&]() -> Status {
    if (model == nullptr || out == nullptr) return null_argument(model == nullptr ? "model" : "out");
    auto handle = std::make_unique<brim_session>();
    if (options != nullptr) handle->list = options->list;
    BRIM_ASSIGN(const auto list, brim::api::with_model_defaults(handle->list, model->model->file()));
    BRIM_ASSIGN(brim::generate::SessionOptions settings, brim::api::session_options(list));
    handle->list = last_values(handle->list);
    settings.sequence.threads = model->threads;
    settings.sequence.executor = model->executor;
    settings.sequence.pool = model->pool;
    if (options != nullptr) settings.sequence.preparing = progress_of(options->progress, options->progress_user);
    BRIM_ASSIGN(handle->session, brim::generate::Session::create(model->model, std::move(settings)));
    attach_log(*handle, model->log);
    keep_profile(*handle);
    *out = handle.release();
    return {};
  });
}

void brim_session_free(brim_session* session) {
  if (session == nullptr) return;
  if (session->user.load(std::memory_order_relaxed) != std::this_thread::get_id()) {
    delete session;
  } else {  // in a callback of the session's own call
    session->freed = true;
    session->session->cancel();
  }
}

brim_status brim_session_on_progress(brim_session* session, brim_progress progress, void* user) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    session->session->on_progress(progress_of(progress, user));
    return {};
  });
}

void brim_session_cancel(brim_session* session) {
  if (session != nullptr) session->session->cancel();
}

brim_status brim_session_append(brim_session* session, const char* text, size_t size, int add_special,
                                int parse_special) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    BRIM_TRY(check_text(text, size));
    return session->session->append(std::string_view(text, size),
                                    brim::text::EncodeOptions{add_special != 0, parse_special != 0});
  });
}

brim_status brim_session_append_ids(brim_session* session, const int32_t* ids, size_t count) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (ids == nullptr && count > 0) return null_argument("ids");
    return session->session->append(std::span<const int32_t>(ids, count));
  });
}

brim_status brim_session_message(brim_session* session, const char* role, const char* text, size_t size) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (role == nullptr) return null_argument("role");
    BRIM_TRY(check_text(text, size));
    return session->session->message(role, {text, size});
  });
}

brim_status brim_session_regenerate(brim_session* session) {
  return on_session(session, Turn::Kind::change, [&]() -> Status { return session->session->regenerate(); });
}

brim_status brim_session_next(brim_session* session, brim_piece* piece) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    BRIM_TRY(check_out(piece, "piece"));  // before a token is spent on it
    BRIM_ASSIGN(const brim::generate::Piece next, session->session->next());
    return hand_out(piece, piece_of(next), "piece");
  });
}

brim_status brim_session_finish(brim_session* session, brim_piece* piece) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (piece != nullptr) BRIM_TRY(check_out(piece, "piece"));
    const brim::generate::Piece last = session->session->finish();
    return piece == nullptr ? Status() : hand_out(piece, piece_of(last), "piece");
  });
}

brim_status brim_session_clear(brim_session* session) {
  return on_session(session, Turn::Kind::change, [&]() -> Status { return session->session->clear(); });
}

brim_status brim_session_rewind(brim_session* session, int64_t tokens) {
  return on_session(session, Turn::Kind::change, [&]() -> Status { return session->session->rewind(tokens); });
}

brim_status brim_session_set(brim_session* session, const char* key, const char* value) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (key == nullptr || value == nullptr) return null_argument(key == nullptr ? "key" : "value");
    return set_option(*session, key, value);
  });
}

brim_status brim_session_unset(brim_session* session, const char* key) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (key == nullptr) return null_argument("key");
    return unset_option(*session, key);
  });
}

brim_status brim_session_option(const brim_session* session, const char* key, size_t index, const char** value) {
  hand_out_nothing(value);
  return on_session(session, Turn::Kind::look, [&]() -> Status {
    if (key == nullptr || value == nullptr) return null_argument(key == nullptr ? "key" : "value");
    const std::string* found = given_option(*session, key, index);
    *value = found == nullptr ? nullptr : found->c_str();
    return {};
  });
}

brim_status brim_session_messages(brim_session* session, const char** json, size_t* size) {
  hand_out_nothing(json, size);
  return on_session(session, Turn::Kind::look, [&]() -> Status {
    if (json == nullptr || size == nullptr) return null_argument(json == nullptr ? "json" : "size");
    session->text = session->session->messages();
    *json = session->text.c_str();
    *size = session->text.size();
    return {};
  });
}

brim_status brim_session_load_messages(brim_session* session, const char* json, size_t size) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    BRIM_TRY(check_text(json, size));
    if (session->log == nullptr) return session->session->load_messages({json, size});
    std::vector<std::string> dropped;
    BRIM_TRY(session->session->load_messages({json, size}, &dropped));
    if (!dropped.empty()) warn_of_dropped(*session, dropped);
    return {};
  });
}

brim_status brim_session_stats(const brim_session* session, brim_stats* stats) {
  return on_session(session, Turn::Kind::look, [&]() -> Status {
    const brim::run::Sequence& sequence = session->session->sequence();
    const brim::kv::Memory& cache = sequence.cache();
    const brim::generate::Timings& timings = session->session->timings();
    brim_stats filled{};
    filled.context = cache.plan().shape.context;
    filled.tokens = sequence.tokens();
    filled.position = cache.next_position();
    filled.kv_budget_bytes = cache.plan().budget_bytes;
    filled.kv_bytes = cache.bytes_used();
    filled.kv_peak_bytes = cache.bytes_peak();
    filled.kv_full_bytes = cache.plan().full_bytes;
    filled.scratch_bytes = sequence.memory().outside_budget_bytes();
    filled.evicted = cache.evicted();
    filled.prompt_tokens = timings.prompt_tokens;
    filled.generated_tokens = timings.generated_tokens;
    filled.prompt_seconds = timings.prompt_seconds;
    filled.generate_seconds = timings.generate_seconds;
    filled.drafted_tokens = timings.drafted_tokens;
    filled.accepted_tokens = timings.accepted_tokens;
    filled.kv_type = brim::kv::stored_as(cache.plan().shape).data();
    filled.layers = brim::kv::model_layers(cache.plan().shape);
    filled.chunk = cache.plan().chunk;
    return hand_out(stats, filled, "stats");
  });
}

brim_status brim_session_layer_stats(const brim_session* session, int32_t layer, brim_layer_stats* stats) {
  return on_session(session, Turn::Kind::look, [&]() -> Status {
    const brim::kv::Memory& cache = session->session->sequence().cache();
    const brim::kv::Shape& shape = cache.plan().shape;
    const int layers = brim::kv::model_layers(shape);
    if (layer < 0 || layer >= layers) {
      return brim::error(ErrorCode::invalid_argument, "layer: expected 0 to ", layers - 1, ", found ", layer);
    }
    const auto id = static_cast<brim::kv::LayerId>(layer);
    const brim::kv::StreamStats found = brim::kv::layer_stats(cache, id);
    brim_layer_stats filled{};
    filled.quota = found.quota;
    filled.used = found.used;
    filled.evicted = found.evicted;
    const auto streams = brim::kv::streams_of(shape, id);
    filled.kv_type = "";
    if (streams.size() > 0) {
      const brim::kv::StreamShape& own = shape.at(streams.front());
      filled.entry_bytes = brim::kv::data_bytes(own) * static_cast<std::int64_t>(streams.size());
      filled.kv_type = brim::kernels::kv_types_name(own.types).data();
    }
    return hand_out(stats, filled, "stats");
  });
}

brim_status brim_session_logits(brim_session* session, const float** logits, size_t* count) {
  hand_out_nothing(logits, count);
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (logits == nullptr || count == nullptr) return null_argument(logits == nullptr ? "logits" : "count");
    BRIM_ASSIGN(const std::span<const float> found, session->session->logits());
    *logits = found.data();
    *count = found.size();
    return {};
  });
}

brim_status brim_session_embedding(brim_session* session, const float** values, size_t* count) {
  hand_out_nothing(values, count);
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    if (values == nullptr || count == nullptr) return null_argument(values == nullptr ? "values" : "count");
    BRIM_ASSIGN(const std::span<const float> found, session->session->embedding());
    *values = found.data();
    *count = found.size();
    return {};
  });
}

const char* brim_session_describe(brim_session* session) {
  const brim_status status = on_session(session, Turn::Kind::look, [&]() -> Status {
    const brim::kv::Memory& memory = session->session->sequence().cache();
    const brim::kv::Plan& plan = memory.plan();
    const std::string checkpoints = plan.shape.needs_checkpoints() ? checkpoints_text(memory) : std::string();
    if (plan.quota.empty()) {
      session->text =
          brim::sentence("KV ", brim::size_text(static_cast<std::size_t>(plan.budget_bytes)), ": the states of ",
                         plan.shape.states.size(), " layers, context ", plan.shape.context, checkpoints);
      return {};
    }
    const auto [min, max] = std::minmax_element(plan.quota.begin(), plan.quota.end());
    std::string entries = brim::sentence(*max);
    if (*min != *max) entries = brim::sentence(*min, " to ", *max);
    session->text = brim::sentence("KV ", brim::size_text(static_cast<std::size_t>(plan.budget_bytes)), " ",
                                   brim::kv::stored_as(plan.shape), " (", plan.split, ", ", plan.keep, "): ", entries,
                                   " entries per ", plan.shape.apart ? "head" : "layer", ", context ",
                                   plan.shape.context, checkpoints);
    return {};
  });
  return status == BRIM_OK ? session->text.c_str() : "";
}

}  // extern "C"
