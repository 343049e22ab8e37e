// The two ways in which `brim inspect` says what it found.
#pragma once

#include <string>

#include "apps/inspect/summary.hpp"
#include "engine/io/gguf.hpp"

namespace brim::apps {

/// Tables for people. Names and strings from the file are escaped; long ones and arrays are cut.
std::string text_report(const io::Gguf& file, const Summary& summary);

/// One JSON object on one line and its newline: docs/options.md has its keys. Bytes that are no UTF-8 come out as U+FFFD;
/// of arrays the first elements are given, and their count.
std::string json_report(const io::Gguf& file, const Summary& summary);

}  // namespace brim::apps
