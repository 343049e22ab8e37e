// What ollama's clients are sent about models: /api/tags, /api/ps and /api/show.
#pragma once

#include <cstdint>
#include <string>

#include "apps/serve/json_body.hpp"

namespace brim::apps::serve {

struct OllamaModel {
  std::string id, architecture, quantisation;
  std::int64_t parameters = 0, weight_bytes = 0, context = 0, created = 0;
};

/// One of the models of /api/tags. Its digest tells models apart by what is known of them; it is not the file's.
OrderedJson ollama_entry(const OllamaModel& model);
/// One of /api/ps: loaded, without an end.
OrderedJson ollama_running(const OllamaModel& model);
OrderedJson ollama_show(const OllamaModel& model);

}  // namespace brim::apps::serve
