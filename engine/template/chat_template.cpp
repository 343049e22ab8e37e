// ChatTemplate over the interpreter in jinja/: the place where its exceptions become errors.
#include "engine/template/chat_template.hpp"

#include <algorithm>
#include <new>
#include <optional>

#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/from_json.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/lexer.hpp"
#include "engine/template/jinja/parser.hpp"

namespace brim::templates {
namespace {

// A sentence may quote the template or be its own: a long one is cut.
constexpr std::size_t kMaxSentence = 4000;

std::string cut(const std::string& message) {
  if (message.size() <= kMaxSentence) return message;
  std::size_t end = kMaxSentence;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;
  return message.substr(0, end) + " …";
}

Error to_error(const jinja::TemplateFailure& failure) {
  if (failure.code == ErrorCode::cancelled) return cancelled_error();
  const std::string message = cut(failure.message);
  if (failure.by_template) return error(failure.code, "the template refuses: ", message);
  std::string place;
  if (failure.line > 0) place = "line " + std::to_string(failure.line);
  if (failure.column > 0) place += ", column " + std::to_string(failure.column);
  return error(failure.code, place, place.empty() ? "" : ": ", message);
}

}  // namespace

struct ChatTemplate::Program {
  jinja::Tree tree;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, WorkMeter* meter) {
  if (source.size() > jinja::kMaxSourceBytes) {
    return error(ErrorCode::invalid_argument, "the template is longer than ", jinja::kMaxSourceBytes >> 20, " MiB");
  }
  try {
    auto program = std::make_unique<Program>();
    program->tree = jinja::Parser(jinja::tokenize(jinja::valid_utf8(source), meter), meter).parse();
    return ChatTemplate(std::move(program));
  } catch (const jinja::TemplateFailure& failure) {
    return to_error(failure);
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::out_of_memory, "not enough memory to read the template");
  }
}

// variable(name) is the value that a name has for the template, or none.
template <class Variable>
Result<std::string> ChatTemplate::run(const RenderOptions& options, Variable&& variable) const {
  try {
    const jinja::Meter meter(options.max_steps, options.meter);
    jinja::Interpreter interpreter(program_->tree, options.now);
    const auto& names = program_->tree.names;
    for (std::size_t id = 0; id < names.size(); ++id) {
      std::optional<jinja::Value> value = variable(names[id]);
      if (value) interpreter.define(static_cast<jinja::NameId>(id), std::move(*value));
    }
    const jinja::String text = interpreter.run();
    jinja::Vector<char> room;  // the copy exists in addition to what the interpreter holds, and is counted
    room.reserve(text.size());
    return std::string(text);
  } catch (const jinja::TemplateFailure& failure) {
    return to_error(failure);
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::out_of_memory, "not enough memory to render the template");
  }
}

Result<std::string> ChatTemplate::render(const text::JsonTree& variables, const RenderOptions& options) const {
  if (!variables.is(text::JsonTree::Kind::object)) {
    return error(ErrorCode::invalid_argument, "the variables of a template must be a JSON object");
  }
  // Sorted by name, since both the names and the members may be many; of a member given twice the last one counts.
  std::vector<std::size_t> order(variables.names.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int sign = variables.names[a].compare(variables.names[b]);
    return sign != 0 ? sign < 0 : a < b;
  });
  return run(options, [&](const std::string& name) -> std::optional<jinja::Value> {
    const auto after =
        std::upper_bound(order.begin(), order.end(), name,
                         [&](const std::string& wanted, std::size_t i) { return wanted < variables.names[i]; });
    if (after == order.begin() || variables.names[*(after - 1)] != name) return std::nullopt;
    return jinja::from_json(variables.items[*(after - 1)]);
  });
}

Result<std::string> ChatTemplate::render(const ChatInput& input, const RenderOptions& options) const {
  using jinja::Value;
  return run(options, [&](std::string_view name) -> std::optional<Value> {
    if (name == "add_generation_prompt") return Value::boolean(input.add_generation_prompt);
    if (name == "bos_token") return Value::text(jinja::valid_utf8(input.bos));
    if (name == "eos_token") return Value::text(jinja::valid_utf8(input.eos));
    if (name != "messages") return std::nullopt;
    jinja::Vector<Value> messages;
    messages.reserve(input.messages.size());
    for (const ChatMessage& message : input.messages) {
      auto dict = jinja::make_metered<jinja::Dict>();
      dict->set(Value::text("role"), Value::text(jinja::String(message.role)));
      dict->set(Value::text("content"), Value::text(jinja::valid_utf8(message.content)));
      messages.push_back(Value::dict(std::move(dict)));
    }
    return Value::list(std::move(messages));
  });
}

}  // namespace brim::templates
