// The variables of a template, from the files named on the command line.
#pragma once

#include <string>

#include "engine/template/chat_template.hpp"

namespace brim::apps {

/// One JSON object with every variable, unchanged. Throws Failure (2) naming the file.
text::JsonTree read_variables(const std::string& path);

/// messages, add_generation_prompt, bos_token, eos_token, and tools when `tools_path` is not empty.
/// Throws Failure (2) naming the file, and when both files are "-".
text::JsonTree conversation_variables(const std::string& messages_path, const std::string& tools_path,
                                      bool add_generation_prompt, const std::string& bos_token,
                                      const std::string& eos_token);

}  // namespace brim::apps
