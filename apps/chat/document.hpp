// The text of --document: processed before the first message, and how much is still kept.
#pragma once

#include <brim/brim.hpp>
#include <string>

#include "apps/model_options/option_lines.hpp"

namespace brim::apps {

/// With a document kv.keep is distinct, unless another rule was given.
void choose_document_rule(GivenOptions& given);

/// The content of the file. Throws Failure (2) for standard input and for an empty file.
std::string document_text(const std::string& path);

/// Processes the document, with progress, or keeps to the one that a continued session has already. Throws Failure (2)
/// for a continued session without one, and Stopped where Ctrl-C ended it. `speaks`: whether a line says what is kept.
void process_document(Session& session, const std::string& text, const std::string& path, bool speaks);

/// "document       12,345 tokens, of which layers keep 16 to 4,096 (mean 2,000)"; empty without a document.
std::string document_line(const Session& session);

}  // namespace brim::apps
