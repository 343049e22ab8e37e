// One function per architecture. It is called after the keys all architectures share have been read into the Config
// (sizes, heads, rope, experts), and changes what differs.
#pragma once

#include "engine/model/config.hpp"
#include "engine/model/keys.hpp"

namespace brim::model {

#define ARCHITECTURE(function, name) Status configure_##function(const Keys& keys, Config& config);
#include "engine/model/architectures.def"
#undef ARCHITECTURE

}  // namespace brim::model
