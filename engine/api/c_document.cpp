// The C interface for documents.
#include <brim/document.h>

#include <algorithm>
#include <string>

#include "engine/api/handles.hpp"

using brim::Status;
using namespace brim::api;

extern "C" {

brim_status brim_session_document(brim_session* session, const char* text, size_t size) {
  return on_session(session, Turn::Kind::change, [&]() -> Status {
    BRIM_TRY(check_text(text, size));
    BRIM_TRY(session->session->document({text, size}));
    if (session->log == nullptr) return {};
    const std::string remark = session->session->sequence().document_remark();
    if (!remark.empty()) session->log->say_once(BRIM_LOG_WARNING, remark);
    return {};
  });
}

brim_status brim_session_document_stats(const brim_session* session, brim_document_stats* stats) {
  return on_session(session, Turn::Kind::look, [&]() -> Status {
    const brim::run::Sequence& sequence = session->session->sequence();
    const auto document = sequence.document();
    const brim::kv::Memory& cache = sequence.cache();
    const std::size_t streams = cache.plan().shape.layers.size();
    brim_document_stats filled{};
    filled.tokens = document.end - document.first;
    filled.layers = static_cast<std::int32_t>(streams);
    filled.looked = static_cast<std::int32_t>(sequence.looked_streams());
    std::int64_t sum = 0;
    for (const brim::kv::StreamId stream : brim::kv::ids_up_to<brim::kv::StreamId>(streams)) {
      const std::int64_t kept = cache.kept(stream, document.first, document.end);
      filled.kept_min = stream == brim::kv::StreamId{0} ? kept : std::min(filled.kept_min, kept);
      filled.kept_max = std::max(filled.kept_max, kept);
      sum += kept;
    }
    if (streams > 0) filled.kept = sum / static_cast<std::int64_t>(streams);
    return hand_out(stats, filled, "stats");
  });
}

}  // extern "C"
