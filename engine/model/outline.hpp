// Everything about a model that can be known without reading its weights: it is checked as Model::load does it, but
// nothing is repacked or paged in. For plans made before loading.
#pragma once

#include "engine/io/gguf.hpp"
#include "engine/model/config.hpp"
#include "engine/model/weights.hpp"

namespace brim::model {

struct Outline {
  Config config;
  Weights weights;  ///< refer to the file's image, which must live as long; must not be used for products
};

/// Every key, the vocabulary and every tensor's shape. Errors: bad_file, unsupported, as Model::load has them.
Result<Outline> read_outline(const io::Gguf& file);

}  // namespace brim::model
