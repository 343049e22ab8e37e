// The functions that index.js finds in the native half, one table per file that has some.
#pragma once

#include <node_api.h>

#include <span>

namespace brim_node {

struct Export {
  const char* name;
  napi_callback callback;
};

std::span<const Export> model_calls();
std::span<const Export> session_calls();
std::span<const Export> session_state();
std::span<const Export> scheduler_calls();

}  // namespace brim_node
