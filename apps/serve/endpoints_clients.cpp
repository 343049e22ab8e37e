// See endpoints.hpp: what Anthropic's and ollama's clients ask for beside answers.
#include "apps/serve/endpoints.hpp"
#include "apps/serve/families/anthropic.hpp"
#include "apps/serve/families/ollama.hpp"
#include "apps/serve/fields.hpp"

namespace brim::apps::serve {

Outcome Endpoints::count_tokens(const Call& call) const {
  const AnswerRequest asked = read_message_request(parse_body(call.body));
  check_model(asked.model);
  Scheduler::Request prompt;
  prompt.messages = asked.messages;
  return json_reply({{"input_tokens", answers_.prompt(prompt).size()}});
}

OllamaModel Endpoints::ollama_form() const {
  const brim_model_info info = model_.info();
  return {served_.id,        info.architecture, info.quantisation, info.parameters,
          info.weight_bytes, served_.context,   served_.created};
}

Outcome Endpoints::ollama_version(const Call&) const { return json_reply({{"version", brim_version()}}); }

Outcome Endpoints::ollama_tags(const Call&) const {
  return json_reply({{"models", OrderedJson::array({ollama_entry(ollama_form())})}});
}

Outcome Endpoints::ollama_ps(const Call&) const {
  return json_reply({{"models", OrderedJson::array({ollama_running(ollama_form())})}});
}

Outcome Endpoints::ollama_model(const Call& call) const {
  const Json body = parse_body(call.body);
  Fields fields(body);
  const std::optional<std::string> name = fields.text("model");
  check_model(ollama_model_name(name ? *name : fields.text("name").value_or("")));  // an older form
  return json_reply(ollama_show(ollama_form()));
}

}  // namespace brim::apps::serve
