// Chat templates: an interpreter for the Jinja that models carry. Pure data in, text out: no files, no imports, no
// code, bounded steps and output.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"
#include "engine/text/json_tree.hpp"

namespace brim::templates {

/// How deep the variables of a template may nest, and how many values they may hold.
inline constexpr text::JsonLimits kVariableLimits{400, std::size_t{1} << 21};

struct RenderOptions {
  /// Seconds since the epoch, UTC, that strftime_now shows; negative: the clock at the time of rendering, local time.
  long long now = -1;
  /// How much work a template may do before it fails; a step is about a tenth of a microsecond, a conversation of a
  /// thousand messages some ten thousand steps.
  long long max_steps = 100'000'000;
  WorkMeter* meter = nullptr;  ///< counts the steps and may cancel the rendering; null: neither
};

struct ChatMessage {
  std::string role;
  std::string content;
};

/// A conversation as every template expects it.
struct ChatInput {
  std::vector<ChatMessage> messages;
  bool add_generation_prompt = true;
  std::string_view bos, eos;  ///< bos_token, eos_token
};

/// Immutable after parse; render is safe to call from several threads.
class ChatTemplate {
 public:
  /// Errors: unsupported naming the construct and its line ("line 12: the statement 'import' is not supported"), or
  /// invalid_argument for a syntax error; cancelled by `meter`, which counts the work (null: neither).
  static Result<ChatTemplate> parse(std::string_view source, WorkMeter* meter = nullptr);

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// `variables`: one JSON object with every variable the template sees; a missing one is undefined. Errors:
  /// invalid_argument with the template's own message when it calls raise_exception, or with line and reason.
  Result<std::string> render(const text::JsonTree& variables, const RenderOptions& options) const;
  /// The same for a conversation of plain messages.
  Result<std::string> render(const ChatInput& input, const RenderOptions& options) const;

 private:
  struct Program;
  template <class Variable>
  Result<std::string> run(const RenderOptions& options, Variable&& variable) const;
  explicit ChatTemplate(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

/// Templates by name for models without a usable one: chatml, llama2, llama3, gemma, phi3, mistral, zephyr, granite,
/// plain. Empty when the name is unknown.
std::string_view builtin_template(std::string_view name);
/// "chatml|llama2|llama3|…", for help and errors.
std::string builtin_template_names();

}  // namespace brim::templates
