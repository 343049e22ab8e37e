// A conversation as JSON text and back. Without a tree of JSON values in between: nlohmann's arrays and objects allocate when they
// are destroyed, and end the process where that fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"
#include "engine/template/chat_template.hpp"

namespace brim::templates {

/// Appends `text`, which is UTF-8, as a JSON string. False, with only a part appended, when `meter` (may be null) is
/// cancelled.
bool append_quoted(std::string& json, std::string_view text, WorkMeter* meter = nullptr);

/// The messages of a JSON array of {"role": text, "content": text}. Content may be null, which is an empty text, or an
/// array of {"type": "text", "text": text}, which is their texts joined. Other members are not kept: `dropped` (may be
/// null) gets the name of each that has a value, the first few once. Linear time, no recursion. Errors:
/// invalid_argument; cancelled.
Result<std::vector<ChatMessage>> read_messages(std::string_view json, WorkMeter* meter = nullptr,
                                               std::vector<std::string>* dropped = nullptr);

/// The error of message `index`, counted from 0.
Error bad_message(std::size_t index);

}  // namespace brim::templates
