// The two forms in which `brim inspect` prints its findings.
#pragma once

#include <string>

#include "apps/inspect/summary.hpp"
#include "engine/io/gguf.hpp"

namespace brim::apps {

/// Tables for people. Names and strings from the file are escaped; long ones and arrays are cut.
std::string text_report(const io::Gguf& file, const Summary& summary);

/// One JSON object on one line and its newline:
///   path, version, parts, file_bytes, architecture and name (null when the file has none), parameters,
///   types     [{type, tensors, parameters, bytes}]: like parameters, of the tensors that are used
///   skipped_tensors   names of the others: of image and audio encoders, of blocks that predict further tokens
///   memory    what a session would book, in bytes, tokens and entries; null without a plan, and then
///   no_memory_plan_because   the sentence why
///   metadata  [{key, type, value, count}]: of an array the count and its first 16 elements
///   tensors   [{name, type, shape, bytes, part}]: shape in GGUF order, row length first
/// Bytes that are not UTF-8 are written as U+FFFD, numbers that are not finite as null.
std::string json_report(const io::Gguf& file, const Summary& summary);

}  // namespace brim::apps
