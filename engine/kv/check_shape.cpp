// See check_shape.hpp.
#include "engine/kv/check_shape.hpp"

#include "engine/kv/plan.hpp"

namespace brim::kv {

Status check_shape(const Shape& shape) {
  if (shape.layers.empty() && shape.states.empty())
    return error(ErrorCode::invalid_argument, "KV cache: the model has no layers");
  if (shape.context < 1) {
    return error(ErrorCode::invalid_argument, "KV cache: a context of ", shape.context, " tokens; expected at least 1");
  }
  if (shape.context > kLargestContext) {
    return error(ErrorCode::invalid_argument, "KV cache: a context of ", shape.context, " tokens; expected at most ",
                 kLargestContext, " (choose a smaller one with -c)");
  }
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const StreamShape& layer = shape.layers[i];
    if (layer.kv_heads < 1 || layer.key_size < 1 || layer.value_size < 1 || layer.window < 0) {
      return error(ErrorCode::invalid_argument, "KV cache: layer ", i, " has ", layer.kv_heads, " KV heads, keys of ",
                   layer.key_size, ", values of ", layer.value_size, " and a window of ", layer.window,
                   "; expected at least one of each, and a window of 0 (none) or more");
    }
    if (!can_be_stored(layer)) {
      return error(ErrorCode::invalid_argument, "KV cache: layer ", i, " has its values, ", layer.value_size,
                   " of them, at the beginning of its keys of ", layer.key_size,
                   ": expected to store both in f32 or f16",
                   kernels::kv_begins_with_vector(kernels::KvType::q8_0, layer.key_size, layer.value_size)
                       ? ", or both in one other type"
                       : "",
                   ", found ", kernels::kv_types_name(layer.types));
    }
  }
  for (const StateShape& state : shape.states) {
    if (state.bytes < 1) {
      return error(ErrorCode::invalid_argument, "KV cache: layer ", index_of(state.layer), " has a state of ",
                   state.bytes, " bytes; expected at least 1");
    }
  }
  return {};
}

}  // namespace brim::kv
