// The C interface over the engine: checks arguments, turns errors into a status and a sentence for the calling thread, and
// lets no exception out. The engine itself throws nothing but what the standard library does when memory runs out.
#include <brim/brim.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>

#include "engine/api/machine.hpp"
#include "engine/api/options.hpp"
#include "engine/base/size_text.hpp"
#include "engine/generate/session.hpp"
#include "engine/kv/layout.hpp"
#include "engine/model/model.hpp"
#include "engine/model/token_work.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

using brim::Error;
using brim::ErrorCode;
using brim::Result;
using brim::Status;

struct brim_options {
  brim::api::OptionList list;
};

struct brim_model {
  std::shared_ptr<const brim::model::Model> model;
  int threads = 1;
  std::string name;
};

struct brim_session {
  std::unique_ptr<brim::generate::Session> session;
  std::string text;  // what a pointer handed out points into
};

namespace {

thread_local std::string last_error;

brim_status status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return BRIM_INVALID_ARGUMENT;
    case ErrorCode::bad_file: return BRIM_BAD_FILE;
    case ErrorCode::unsupported: return BRIM_UNSUPPORTED;
    case ErrorCode::io: return BRIM_IO;
    case ErrorCode::out_of_memory: return BRIM_OUT_OF_MEMORY;
    case ErrorCode::cancelled: return BRIM_CANCELLED;
    case ErrorCode::wrong_state: return BRIM_WRONG_STATE;
    case ErrorCode::internal: break;
  }
  return BRIM_INTERNAL;
}

// Remembers a sentence; when even that cannot be had, an empty one remains.
brim_status fail(brim_status status, const char* sentence) noexcept {
  try {
    last_error = sentence;
  } catch (...) {
    last_error.clear();
  }
  return status;
}

// Runs `body`, which returns a Status, behind the exception barrier.
template <class Body>
brim_status guarded(Body&& body) noexcept {
  try {
    const Status status = body();
    return status ? BRIM_OK : fail(status_of(status.error().code), status.error().sentence.c_str());
  } catch (const std::bad_alloc&) {
    return fail(BRIM_OUT_OF_MEMORY, "the machine has no memory left for this call");
  } catch (const std::exception& failure) {
    return fail(BRIM_INTERNAL, failure.what());
  } catch (...) {
    return fail(BRIM_INTERNAL, "an unknown failure");
  }
}

Error null_argument(const char* name) { return brim::error(ErrorCode::invalid_argument, name, " is NULL"); }

// A struct of the caller's `size` is filled as far as both sides know it.
template <class T>
Status hand_out(T* out, const T& filled, const char* name) {
  if (out == nullptr) return null_argument(name);
  const std::size_t size = out->size;
  if (size < sizeof(std::size_t)) {
    return brim::error(ErrorCode::invalid_argument, name, "->size: expected sizeof *", name, ", found ", size);
  }
  std::memcpy(out, &filled, std::min(size, sizeof(T)));
  out->size = size;
  return {};
}

brim::Progress progress_of(brim_progress callback, void* user) {
  if (callback == nullptr) return {};
  return [callback, user](long long done, long long total) { return callback(user, done, total) != 0; };
}

brim_piece piece_of(const brim::generate::Piece& piece) {
  brim_piece out{};
  out.text = piece.text.data() != nullptr ? piece.text.data() : "";
  out.text_size = piece.text.size();
  out.id = piece.id;
  out.end = static_cast<std::int32_t>(piece.end);
  return out;
}

Status check_text(const char* text, size_t size) {
  if (text == nullptr && size > 0) return null_argument("text");
  return {};
}

}  // namespace

extern "C" {

const char* brim_last_error(void) { return last_error.c_str(); }
const char* brim_version(void) { return BRIM_VERSION; }
const char* brim_isa(void) { return brim::kernels::active_set().data(); }

brim_status brim_options_create(brim_options** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    *out = new brim_options;
    return {};
  });
}

brim_status brim_options_set(brim_options* options, const char* key, const char* value) {
  return guarded([&]() -> Status {
    if (options == nullptr || key == nullptr || value == nullptr) return null_argument("options, key or value");
    options->list.emplace_back(key, value);
    return {};
  });
}

void brim_options_free(brim_options* options) { delete options; }

brim_status brim_model_load(const char* path, const brim_options* options, brim_progress progress, void* user,
                            brim_model** out) {
  return guarded([&]() -> Status {
    if (path == nullptr || out == nullptr) return null_argument(path == nullptr ? "path" : "out");
    *out = nullptr;
    BRIM_ASSIGN(const brim::api::ModelOptions settings,
                brim::api::model_options(options ? options->list : brim::api::OptionList()));
    auto handle = std::make_unique<brim_model>();
    handle->threads = settings.threads > 0 ? settings.threads : brim::kernels::default_threads();
    BRIM_ASSIGN(handle->model, brim::model::Model::load(path, {settings.memory, handle->threads},
                                                        progress_of(progress, user)));
    const std::string file = path;
    handle->name = handle->model->config().name;
    if (handle->name.empty()) handle->name = file.substr(file.find_last_of('/') + 1);
    *out = handle.release();
    return {};
  });
}

void brim_model_free(brim_model* model) { delete model; }

brim_status brim_model_info_get(const brim_model* model, brim_model_info* info) {
  return guarded([&]() -> Status {
    if (model == nullptr) return null_argument("model");
    const brim::model::Config& config = model->model->config();
    brim_model_info filled{};
    filled.name = model->name.c_str();
    filled.architecture = config.architecture.c_str();
    filled.quantisation = brim::quant::info(model->model->main_format()).name.data();
    filled.parameters = model->model->parameters();
    filled.weight_bytes = model->model->weight_bytes();
    filled.context = config.context;
    filled.vocabulary = config.vocabulary;
    filled.layers = static_cast<std::int32_t>(config.layers.size());
    filled.threads = model->threads;
    filled.has_chat_template = model->model->chat_template().empty() ? 0 : 1;
    const brim::model::TokenWork work = brim::model::token_work(model->model->file(), config);
    filled.layer_weights = work.layer_weights;
    filled.output_weights = work.output_weights;
    filled.token_bytes = work.bytes;
    return hand_out(info, filled, "info");
  });
}

brim_status brim_tokenize(const brim_model* model, const char* text, size_t size, int add_special, int parse_special,
                          int32_t* ids, size_t* count) {
  return guarded([&]() -> Status {
    if (model == nullptr || count == nullptr) return null_argument("model or count");
    BRIM_TRY(check_text(text, size));
    const brim::text::EncodeOptions options{add_special != 0, parse_special != 0};
    BRIM_ASSIGN(const auto found, model->model->tokenizer().encode({text, size}, options));
    const std::size_t capacity = *count;
    *count = found.size();
    if (found.size() > capacity) {
      return brim::error(ErrorCode::invalid_argument, "ids: expected room for ", found.size(), ", found ", capacity);
    }
    if (!found.empty()) std::memcpy(ids, found.data(), found.size() * sizeof(int32_t));
    return {};
  });
}

brim_status brim_session_create(brim_model* model, const brim_options* options, brim_session** out) {
  return guarded([&]() -> Status {
    if (model == nullptr || out == nullptr) return null_argument(model == nullptr ? "model" : "out");
    *out = nullptr;
    BRIM_ASSIGN(brim::generate::SessionOptions settings,
                brim::api::session_options(options ? options->list : brim::api::OptionList()));
    settings.reader.threads = model->threads;
    auto handle = std::make_unique<brim_session>();
    BRIM_ASSIGN(handle->session, brim::generate::Session::create(model->model, std::move(settings)));
    *out = handle.release();
    return {};
  });
}

void brim_session_free(brim_session* session) { delete session; }

void brim_session_on_progress(brim_session* session, brim_progress progress, void* user) {
  if (session != nullptr) session->session->on_progress(progress_of(progress, user));
}

void brim_session_cancel(brim_session* session) {
  if (session != nullptr) session->session->cancel();
}

brim_status brim_session_append(brim_session* session, const char* text, size_t size, int add_special,
                                int parse_special) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    BRIM_TRY(check_text(text, size));
    return session->session->append(std::string_view(text, size),
                                    brim::text::EncodeOptions{add_special != 0, parse_special != 0});
  });
}

brim_status brim_session_append_ids(brim_session* session, const int32_t* ids, size_t count) {
  return guarded([&]() -> Status {
    if (session == nullptr || (ids == nullptr && count > 0)) return null_argument("session or ids");
    return session->session->append(std::span<const int32_t>(ids, count));
  });
}

brim_status brim_session_message(brim_session* session, const char* role, const char* text, size_t size) {
  return guarded([&]() -> Status {
    if (session == nullptr || role == nullptr) return null_argument("session or role");
    BRIM_TRY(check_text(text, size));
    return session->session->message(role, {text, size});
  });
}

brim_status brim_session_regenerate(brim_session* session) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    return session->session->regenerate();
  });
}

brim_status brim_session_next(brim_session* session, brim_piece* piece) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    BRIM_ASSIGN(const brim::generate::Piece next, session->session->next());
    return hand_out(piece, piece_of(next), "piece");
  });
}

brim_status brim_session_finish(brim_session* session, brim_piece* piece) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    const brim::generate::Piece last = session->session->finish();
    return piece == nullptr ? Status() : hand_out(piece, piece_of(last), "piece");
  });
}

brim_status brim_session_clear(brim_session* session) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    session->session->clear();
    return {};
  });
}

brim_status brim_session_rewind(brim_session* session, int64_t tokens) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    return session->session->rewind(tokens);
  });
}

brim_status brim_session_set(brim_session* session, const char* key, const char* value) {
  return guarded([&]() -> Status {
    if (session == nullptr || key == nullptr || value == nullptr) return null_argument("session, key or value");
    brim::generate::SessionOptions changed = session->session->options();
    BRIM_ASSIGN(const brim::api::Change change, brim::api::change_option(changed, key, value));
    switch (change) {
      case brim::api::Change::sampling: return session->session->set_sampling(changed.sampling);
      case brim::api::Change::stops: session->session->set_stops(changed.stops); break;
      case brim::api::Change::end_tokens: session->session->set_ignore_end_tokens(changed.ignore_end_tokens); break;
      case brim::api::Change::limit: session->session->set_limit(changed.limit); break;
      case brim::api::Change::system: session->session->set_system(changed.system); break;
    }
    return {};
  });
}

brim_status brim_session_messages(brim_session* session, const char** json, size_t* size) {
  return guarded([&]() -> Status {
    if (session == nullptr || json == nullptr || size == nullptr) return null_argument("session, json or size");
    session->text = session->session->messages();
    *json = session->text.c_str();
    *size = session->text.size();
    return {};
  });
}

brim_status brim_session_load_messages(brim_session* session, const char* json, size_t size) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    BRIM_TRY(check_text(json, size));
    return session->session->load_messages({json, size});
  });
}

brim_status brim_session_stats(const brim_session* session, brim_stats* stats) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    const brim::generate::Reader& reader = session->session->reader();
    const brim::kv::Cache& cache = reader.cache();
    const brim::generate::Timings& timings = session->session->timings();
    brim_stats filled{};
    filled.context = cache.plan().shape.context;
    filled.tokens = reader.tokens();
    filled.position = cache.next_position();
    filled.kv_budget_bytes = cache.plan().budget_bytes;
    filled.kv_bytes = cache.bytes_used();
    filled.kv_peak_bytes = cache.bytes_peak();
    filled.kv_full_bytes = cache.plan().full_bytes;
    filled.scratch_bytes = reader.memory().beside_bytes();
    filled.evicted = cache.evicted();
    filled.prompt_tokens = timings.prompt_tokens;
    filled.generated_tokens = timings.generated_tokens;
    filled.prompt_seconds = timings.prompt_seconds;
    filled.generate_seconds = timings.generate_seconds;
    filled.drafted_tokens = timings.drafted_tokens;
    filled.accepted_tokens = timings.accepted_tokens;
    filled.layers = static_cast<std::int32_t>(cache.plan().quota.size());
    filled.chunk = cache.plan().chunk;
    return hand_out(stats, filled, "stats");
  });
}

brim_status brim_session_layer_stats(const brim_session* session, int32_t layer, brim_layer_stats* stats) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    const brim::kv::Cache& cache = session->session->reader().cache();
    const std::int64_t layers = static_cast<std::int64_t>(cache.plan().quota.size());
    if (layer < 0 || layer >= layers) {
      return brim::error(ErrorCode::invalid_argument, "layer: expected 0 to ", layers - 1, ", found ", layer);
    }
    const brim::kv::LayerStats found = cache.layer(layer);
    brim_layer_stats filled{};
    filled.quota = found.quota;
    filled.used = found.used;
    filled.evicted = found.evicted;
    const brim::kv::Shape& shape = cache.plan().shape;
    filled.entry_bytes = brim::kv::data_bytes(shape.layers[static_cast<std::size_t>(layer)], shape.type);
    return hand_out(stats, filled, "stats");
  });
}

const char* brim_session_describe(brim_session* session) {
  if (session == nullptr) return "";
  const brim_status status = guarded([&]() -> Status {
    const brim::kv::Plan& plan = session->session->reader().cache().plan();
    const auto [least, most] = std::minmax_element(plan.quota.begin(), plan.quota.end());
    std::string entries = brim::sentence(*most);
    if (*least != *most) entries = brim::sentence(*least, " to ", *most);
    session->text = brim::sentence(
        "KV ", brim::size_text(static_cast<std::size_t>(plan.budget_bytes)), " ", brim::kernels::kv_type_name(plan.shape.type),
        " (", plan.split, ", ", plan.keep, "): ", entries, " entries a layer, context ", plan.shape.context);
    return {};
  });
  return status == BRIM_OK ? session->text.c_str() : "";
}

brim_status brim_measure_machine(int32_t threads, brim_machine* machine) {
  return guarded([&]() -> Status {
    BRIM_ASSIGN(const brim::api::MachineCeilings found, brim::api::measure_machine(threads));
    brim_machine filled{};
    filled.cpu = brim::kernels::this_machine().name.c_str();
    filled.isa = brim_isa();
    filled.threads = threads;
    filled.read_streams = found.read.streams;
    filled.read_bytes_per_second = found.read.bytes_per_second;
    filled.int8_operations_per_second = found.int8_operations_per_second;
    return hand_out(machine, filled, "machine");
  });
}

}  // extern "C"
