// The C interface, first part: options, models and the machine. Sessions are in c_session.cpp.
#include <brim/brim.h>

#include <memory>
#include <string>

#include "engine/api/barrier.hpp"
#include "engine/api/handles.hpp"
#include "engine/api/last_error.hpp"
#include "engine/api/machine.hpp"
#include "engine/model/outline.hpp"
#include "engine/model/profile_file.hpp"
#include "engine/model/repack.hpp"
#include "engine/run/choose_scores.hpp"
#include "engine/run/profile_remark.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"
#include "platform/memory_limits.hpp"

using brim::Status;
using namespace brim::api;

extern "C" {

const char* brim_last_error(void) { return last_sentence(); }
const char* brim_version(void) { return BRIM_VERSION; }
const char* brim_isa(void) { return brim::kernels::active_set().data(); }

brim_status brim_options_create(brim_options** out) {
  hand_out_nothing(out);
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

brim_status brim_options_on_log(brim_options* options, brim_log log, void* user) {
  return guarded([&]() -> Status {
    if (options == nullptr) return null_argument("options");
    options->log = log;
    options->log_user = user;
    return {};
  });
}

brim_status brim_options_on_progress(brim_options* options, brim_progress progress, void* user) {
  return guarded([&]() -> Status {
    if (options == nullptr) return null_argument("options");
    options->progress = progress;
    options->progress_user = user;
    return {};
  });
}

void brim_options_free(brim_options* options) { delete options; }

brim_status brim_model_load(const char* path, const brim_options* options, brim_progress progress, void* user,
                            brim_model** out) {
  hand_out_nothing(out);
  return guarded([&]() -> Status {
    if (path == nullptr || out == nullptr) return null_argument(path == nullptr ? "path" : "out");
    BRIM_ASSIGN(const brim::api::ModelOptions settings,
                brim::api::model_options(options ? options->list : brim::api::OptionList()));
    auto handle = std::make_unique<brim_model>();
    handle->threads = settings.threads > 0 ? settings.threads : brim::kernels::default_threads();
    if (settings.kv_pool > 0) handle->pool = std::make_shared<brim::kv::Pool>(settings.kv_pool);
    brim::model::LoadOptions wishes{settings.memory, handle->threads, {}};
    if (options != nullptr && options->log != nullptr) {
      handle->log = std::make_shared<ModelLog>(options->log, options->log_user);
      wishes.log = [log = handle->log](brim::LogLevel level, std::string_view line) {
        log->say(level == brim::LogLevel::info ? BRIM_LOG_INFO : BRIM_LOG_WARNING, std::string(line));
      };
      wishes.log(brim::LogLevel::info,
                 brim::sentence("the instruction set is ", brim_isa(), ", threads: ", handle->threads));
    }
    BRIM_ASSIGN(handle->model, brim::model::Model::load(path, wishes, progress_of(progress, user)));
    handle->executor = std::make_shared<brim::run::Executor>(handle->model, handle->threads);
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
    filled.quantisation = brim::quant::info(model->model->file().main_format).name.data();
    filled.parameters = model->model->file().parameters;
    filled.weight_bytes = model->model->weight_bytes();
    filled.context = config.context;
    filled.vocabulary = config.vocabulary;
    filled.layers = static_cast<std::int32_t>(config.layers.size());
    filled.threads = model->model->threads().threads();
    filled.has_chat_template = model->model->chat_template().empty() ? 0 : 1;
    const brim::model::TokenWork& work = model->model->file().token_work;
    filled.layer_weights = work.layer_weights;
    filled.output_weights = work.output_weights;
    filled.token_bytes = work.bytes;
    return hand_out(info, filled, "info");
  });
}

brim_status brim_plan_get(const char* path, const brim_options* model_wishes, const brim_options* session_wishes,
                          brim_plan* plan) {
  return guarded([&]() -> Status {
    if (path == nullptr) return null_argument("path");
    const OptionList none;
    BRIM_ASSIGN(const ModelOptions for_model, model_options(model_wishes ? model_wishes->list : none));
    BRIM_ASSIGN(brim::generate::SessionOptions for_session,
                session_options(session_wishes ? session_wishes->list : none));
    brim::run::SequenceOptions& sequence = for_session.sequence;
    sequence.threads = for_model.threads > 0 ? for_model.threads : brim::kernels::default_threads();
    if (for_model.kv_pool > 0) sequence.pool = std::make_shared<brim::kv::Pool>(for_model.kv_pool);
    BRIM_ASSIGN(const brim::io::Gguf file, brim::io::Gguf::open(path));
    BRIM_ASSIGN(const brim::model::Outline outline, brim::model::read_outline(file));
    BRIM_ASSIGN(const auto owner, brim::model::profile_owner(file, outline.config.layers.size()));
    BRIM_ASSIGN(const auto profile, brim::run::choose_profile(owner, brim::model::carried_profile(owner), sequence));
    const auto scores = brim::model::carried_scores(file, outline.config, owner.fingerprint);
    BRIM_TRY(brim::run::choose_scores(outline.config, owner.fingerprint, scores, sequence));
    if (!profile.notice.empty() && model_wishes != nullptr && model_wishes->log != nullptr) {
      model_wishes->log(model_wishes->log_user, BRIM_LOG_WARNING, brim::one_line(profile.notice).c_str());
    }
    BRIM_ASSIGN(const brim::run::MemoryPlan memory,
                brim::run::plan_memory(outline.config, brim::kernels::active(), sequence));
    const std::string remark = brim::run::profile_remark(memory.kv, profile);
    if (!remark.empty() && model_wishes != nullptr && model_wishes->log != nullptr) {
      model_wishes->log(model_wishes->log_user, BRIM_LOG_WARNING, brim::one_line(remark).c_str());
    }
    const bool in_place = for_model.memory == brim::model::WeightMemory::file;
    const brim::model::Moved moved = brim::model::moved_by(for_model.memory);
    brim_plan filled{};
    filled.weight_bytes = static_cast<std::int64_t>(
        brim::model::weight_bytes(outline.weights, brim::kernels::active(), !in_place, moved));
    filled.kv_budget_bytes = memory.kv.budget_bytes;
    filled.kv_full_bytes = memory.kv.full_bytes;
    filled.kv_min_bytes = memory.kv.min_bytes;
    filled.scratch_bytes = memory.outside_budget_bytes();
    filled.thread_bytes = static_cast<std::int64_t>(brim::kernels::helper_stack_bytes(sequence.threads));
    filled.total_bytes = filled.weight_bytes + memory.total() + filled.thread_bytes;
    filled.available_bytes = static_cast<std::int64_t>(brim::memory_limits().available);
    filled.context = memory.kv.shape.context;
    filled.layers = brim::kv::model_layers(memory.kv.shape);
    filled.chunk = memory.kv.chunk;
    return hand_out(plan, filled, "plan");
  });
}

brim_status brim_tokenize(const brim_model* model, const char* text, size_t size, int add_special, int parse_special,
                          int32_t* ids, size_t* count) {
  return guarded([&]() -> Status {
    if (model == nullptr || count == nullptr) return null_argument("model or count");
    BRIM_TRY(check_text(text, size));
    const brim::text::EncodeOptions options{add_special != 0, parse_special != 0};
    BRIM_ASSIGN(const auto found, model->model->tokenizer().encode({text, size}, options));
    return copy_out(found.data(), found.size(), ids, count, "ids");
  });
}

brim_status brim_detokenize(const brim_model* model, const int32_t* ids, size_t count, int render_special, char* text,
                            size_t* size) {
  return guarded([&]() -> Status {
    if (model == nullptr || size == nullptr) return null_argument(model == nullptr ? "model" : "size");
    if (ids == nullptr && count > 0) return null_argument("ids");
    const std::string found = model->model->tokenizer().decode({ids, ids + count}, render_special != 0);
    return copy_out(found.data(), found.size(), text, size, "text");
  });
}

brim_status brim_measure_machine(int32_t threads, brim_machine* machine) {
  return guarded([&]() -> Status {
    BRIM_ASSIGN(const brim::api::MachinePeaks found, brim::api::measure_machine(threads));
    brim_machine filled{};
    filled.cpu = brim::kernels::this_machine().name.c_str();
    filled.isa = brim_isa();
    filled.threads = found.threads;
    filled.read_streams = found.read.streams;
    filled.read_bytes_per_second = found.read.bytes_per_second;
    filled.int8_operations_per_second = found.int8_operations_per_second;
    return hand_out(machine, filled, "machine");
  });
}

}  // extern "C"
