// See embeddings.hpp.
#include "apps/serve/families/embeddings.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/serve/families/ollama.hpp"
#include "apps/serve/families/openai.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

using Pooling = Scheduler::Request::Embedding;

constexpr std::size_t kMaxInputs = 2048;  // as OpenAI's interface has it

EmbeddingInput read_input(const Json& value, const std::string& place, bool takes_ids) {
  EmbeddingInput input;
  if (value.is_string()) {
    input.text = value.get<std::string>();
    if (input.text.empty()) refuse_field(place, "is an empty text");
  } else if (takes_ids && value.is_array()) {
    input.ids = token_ids(value, place);
    if (input.ids.empty()) refuse_field(place, "has no token ids");
  } else {
    refuse_kind(place, takes_ids ? "a string or an array of token ids" : "a string", value);
  }
  return input;
}

void read_inputs(Fields& fields, bool takes_ids, EmbeddingRequest& request) {
  const Json* const input = fields.find("input");
  if (input == nullptr) refuse_field("input", "is missing: expected a string or an array of strings");
  const bool ids = takes_ids && input->is_array() && !input->empty() && (*input)[0].is_number();
  request.listed = input->is_array() && !ids;
  if (!request.listed) {
    request.inputs.push_back(read_input(*input, "input", takes_ids));
    return;
  }
  if (input->empty()) refuse_field("input", "is an empty array: expected at least one input");
  if (input->size() > kMaxInputs) {
    refuse_field("input", fmt::format("has {} inputs: expected at most {}", input->size(), kMaxInputs));
  }
  for (std::size_t i = 0; i < input->size(); ++i) {
    request.inputs.push_back(read_input((*input)[i], input_place(true, i), takes_ids));
  }
}

/// What both have in common; `pooling` is Brim's own member.
void read_shared(Fields& fields, bool takes_ids, EmbeddingRequest& request) {
  request.model = fields.text("model").value_or("");
  read_inputs(fields, takes_ids, request);
  refuse_asked(fields, {"dimensions"});
  const std::string pooling = fields.text("pooling").value_or("last");
  if (pooling != "last" && pooling != "mean") {
    refuse_field("pooling", fmt::format("is {}: expected 'last' or 'mean'", quoted(pooling)));
  }
  request.pooling = pooling == "mean" ? Pooling::mean : Pooling::last;
}

void note_unknown(const Fields& fields, EmbeddingRequest& request) {
  for (const std::string& name : fields.unknown()) request.ignored.push_back(name);
}

EmbeddingRequest read_embeddings(const Json& body) {
  Fields fields(body);
  EmbeddingRequest request;
  read_shared(fields, true, request);
  const std::string format = fields.text("encoding_format").value_or("float");
  if (format != "float" && format != "base64") {
    refuse_field("encoding_format", fmt::format("is {}: expected 'float' or 'base64'", quoted(format)));
  }
  request.base64 = format == "base64";
  (void)fields.text("user");  // a hint that changes no vector
  note_unknown(fields, request);
  return request;
}

EmbeddingRequest read_ollama_embed(const Json& body) {
  Fields fields(body);
  EmbeddingRequest request;
  read_shared(fields, false, request);
  request.model = ollama_model_name(std::move(request.model));
  // A text is never cut.
  if (fields.flag("truncate").value_or(false)) request.ignored.push_back("truncate");
  (void)fields.find("keep_alive");  // the model is kept loaded
  if (const Json* const options = fields.find("options")) note_unknown(Fields(*options, "options."), request);
  note_unknown(fields, request);
  return request;
}

std::string begin_embeddings(const std::string&) { return R"({"object":"list","data":[)"; }
std::string embedding_item(std::size_t index) {
  return fmt::format(R"({{"object":"embedding","index":{},"embedding":)", index);
}
std::string end_embeddings(const EmbeddingTotals& totals) {
  return fmt::format(R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                     json_text(OrderedJson(totals.model)), totals.prompt_tokens, totals.prompt_tokens);
}

std::string begin_ollama_embed(const std::string& model) {
  return fmt::format(R"({{"model":{},"embeddings":[)", json_text(OrderedJson(model)));
}
std::string ollama_item(std::size_t) { return {}; }
std::string end_ollama_embed(const EmbeddingTotals& totals) {
  return fmt::format(R"(],"total_duration":{},"load_duration":0,"prompt_eval_count":{}}})", totals.total_ns,
                     totals.prompt_tokens);
}

constexpr EmbeddingFamily kFamilies[] = {
    {"/v1/embeddings", kOpenAiForm, read_embeddings, begin_embeddings, embedding_item, "}", end_embeddings},
    {"/api/embed", kOllamaForm, read_ollama_embed, begin_ollama_embed, ollama_item, "", end_ollama_embed},
};

}  // namespace

const EmbeddingFamily* embedding_family_of(std::string_view path) {
  for (const EmbeddingFamily& family : kFamilies) {
    if (family.path == path) return &family;
  }
  return nullptr;
}

std::string input_place(bool listed, std::size_t index) { return listed ? fmt::format("input[{}]", index) : "input"; }

}  // namespace brim::apps::serve
