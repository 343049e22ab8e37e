// Takes back the spaces that old tokenizers put before punctuation and contractions, as llama.cpp's detokenising does
// for the vocabularies that ask for it (clean_up_tokenization_spaces). Whole texts only; it is lossy.
#pragma once

#include <string>
#include <string_view>

namespace brim::text {

/// " ." " ," " ?" " !" lose their space, then " ' " both, then " 's" " 'm" " 're" " 've" theirs.
std::string clean_spaces(std::string_view text);

}  // namespace brim::text
