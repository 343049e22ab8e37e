// ChatTemplate over the interpreter in jinja/: the place where its exceptions become errors.
#include "engine/text/chat_template.hpp"

#include <new>

#include "engine/text/jinja/code_points.hpp"
#include "engine/text/jinja/failure.hpp"
#include "engine/text/jinja/from_json.hpp"
#include "engine/text/jinja/interpreter.hpp"
#include "engine/text/jinja/lexer.hpp"
#include "engine/text/jinja/parser.hpp"

namespace brim::text {
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
  const std::string message = cut(failure.message);
  if (failure.by_template) return Error{failure.code, message};
  std::string place;
  if (failure.line > 0) place = "line " + std::to_string(failure.line);
  if (failure.column > 0) place += ", column " + std::to_string(failure.column);
  return Error{failure.code, place.empty() ? message : place + ": " + message};
}

}  // namespace

struct ChatTemplate::Program {
  jinja::Tree tree;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  if (source.size() > jinja::kMaxSourceBytes) {
    return error(ErrorCode::invalid_argument, "the template is longer than ", jinja::kMaxSourceBytes >> 20, " MiB");
  }
  try {
    auto program = std::make_unique<Program>();
    program->tree = jinja::Parser(jinja::tokenize(jinja::valid_utf8(source))).parse();
    return ChatTemplate(std::move(program));
  } catch (const jinja::TemplateFailure& failure) {
    return to_error(failure);
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::out_of_memory, "not enough memory to read the template");
  }
}

Result<std::string> ChatTemplate::render(const Json& variables, const RenderOptions& options) const {
  try {
    if (!variables.is_object()) jinja::fail("the variables of a template must be a JSON object");
    const jinja::Meter meter(options.max_steps);
    jinja::Interpreter interpreter(program_->tree, options.now);
    const auto& names = program_->tree.names;
    for (std::size_t id = 0; id < names.size(); ++id) {
      const auto found = variables.find(names[id]);
      if (found != variables.end()) interpreter.define(static_cast<jinja::NameId>(id), jinja::from_json(*found));
    }
    return interpreter.run();
  } catch (const jinja::TemplateFailure& failure) {
    return to_error(failure);
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::out_of_memory, "not enough memory to render the template");
  }
}

}  // namespace brim::text
