// See outline.hpp.
#include "engine/model/outline.hpp"

#include <utility>

#include "engine/model/vocabulary.hpp"

namespace brim::model {

Result<Outline> read_outline(const io::Gguf& file) {
  BRIM_ASSIGN(Config config, read_config(file));
  BRIM_ASSIGN(const text::Vocabulary vocabulary, read_vocabulary(file));
  config.vocabulary = static_cast<std::int64_t>(vocabulary.tokens.size());
  BRIM_ASSIGN(Weights weights, read_weights(file, config));
  return Outline{std::move(config), std::move(weights)};
}

}  // namespace brim::model
