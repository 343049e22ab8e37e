// See document.hpp.
#include "apps/chat/document.hpp"

#include <fmt/format.h>

#include "apps/commands.hpp"
#include "apps/files/text_file.hpp"
#include "apps/generation/generation.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps {

void choose_document_rule(GivenOptions& given) {
  if (!given.has("kv.keep")) given.add("kv.keep", "distinct");
}

std::string document_text(const std::string& path) {
  if (path == "-") throw Failure(2, "--document takes the name of a file, not standard input");
  std::string text = read_text(path);
  if (text.empty()) throw Failure(2, fmt::format("--document: {} is empty", path));
  return text;
}

void process_document(Session& session, const std::string& text, const std::string& path, bool speaks) {
  const bool continued = session.stats().tokens > 0;
  if (continued && session.document_stats().tokens == 0) {
    throw Failure(2, fmt::format("the session that is continued has no document: name another one with --session to "
                                 "ask about {}",
                                 path));
  }
  if (!continued) {
    const InterruptScope scope(&session);
    if (!read_prompt(session, [&] { session.document(text); })) throw Stopped();
  } else if (speaks) {
    say_quietly("The session has processed its document already.");
  }
  if (speaks) say_quietly(document_line(session));
}

std::string document_line(const Session& session) {
  const brim_document_stats document = session.document_stats();
  if (document.tokens == 0) return {};
  const std::string range = document.kept_min == document.kept_max
                                ? grouped_text(document.kept_max)
                                : fmt::format("{} to {} (mean {})", grouped_text(document.kept_min),
                                              grouped_text(document.kept_max), grouped_text(document.kept));
  return fmt::format("{:<14}{} tokens, of which each layer keeps {}", "document", grouped_text(document.tokens), range);
}

}  // namespace brim::apps
