// Any bytes as JSON for a template, as `brim render` takes them: all variables, or the messages, or the tools. They are
// refused with a sentence or parsed. If they are parsed, every built-in template, and one that uses every variable,
// either renders them or gives a reason.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/template/chat_template.hpp"

namespace {

using namespace brim::text;
using namespace brim::templates;

ChatTemplate parsed(std::string_view source) {
  auto made = ChatTemplate::parse(source);
  if (!made) std::abort();
  return std::move(made).value();
}

const ChatTemplate& looks_at_everything() {
  static const ChatTemplate instance = parsed(
      "{{ messages }}{{ messages|tojson }}{% for m in messages %}{{ m }}{{ m.role }}{{ m['content'] }}{% for k in m "
      "%}{{ k }}"
      "{% endfor %}{% endfor %}{{ messages == messages|list }}{{ tools|tojson(indent=2) }}{{ tools|string|length }}"
      "{{ messages|map('string')|unique|list|length }}");
  return instance;
}

JsonTree object_with(const char* name, const JsonTree& value) {
  JsonTree object;
  object.kind = JsonTree::Kind::object;
  object.names = {name};
  object.items = {value};
  return object;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, kVariableLimits);
  if (!json) {
    if (json.error().sentence.empty()) std::abort();
    return 0;
  }
  static const ChatTemplate chatml = parsed(builtin_template("chatml")), llama3 = parsed(builtin_template("llama3"));
  RenderOptions options;
  options.now = 1752148800;
  options.max_steps = 200'000;
  const auto render = [&](const JsonTree& variables) {
    for (const ChatTemplate* chat : {&chatml, &llama3, &looks_at_everything()}) {
      const auto text = chat->render(variables, options);
      if (!text && text.error().sentence.empty()) std::abort();
    }
  };
  render(*json);
  render(object_with("messages", *json));
  render(object_with("tools", *json));
  return 0;
}
