// Text to token ids and back, as llama.cpp does it: SPM (scores) and byte-level BPE (merges and a pre-tokenizer).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"
#include "engine/text/token_id.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::text {

struct EncodeOptions {
  bool add_special = true;  ///< add BOS/EOS as the vocabulary says
  bool parse_special =
      false;               ///< text like "<|im_start|>" becomes its control token (user-defined tokens always match)
  bool continues = false;  ///< the text continues another one: SPM puts no space before its first word
  WorkMeter* meter = nullptr;  ///< counts the work and may cancel it; null: neither
  /// Where this occurs the text is cut and it is left out: no token spans a cut, and the text behind it counts as a
  /// continuation. Empty: nowhere.
  std::string_view cut_at = {};
};

/// Immutable after create; encode and piece are safe to call from several threads.
class Tokenizer {
 public:
  /// Errors: unsupported naming the model or pre-tokenizer and the known ones; bad_file for an inconsistent vocabulary
  /// (type/score counts, a special id out of range).
  static Result<Tokenizer> create(Vocabulary vocabulary);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Any bytes are accepted; bytes that are not UTF-8 become U+FFFD (BPE) or byte tokens (SPM). Linear time and bounded
  /// stack for any input. Errors: invalid_argument for text over 1 GiB; cancelled.
  Result<std::vector<TokenId>> encode(std::string_view text, const EncodeOptions& options) const;

  /// The places of `text`, in order, where the text of a control token begins that encode would find with `parse_special`.
  /// Tokens of a single byte are left out. Linear time. Incomplete when `meter` is cancelled.
  std::vector<std::size_t> control_starts(std::string_view text, WorkMeter* meter = nullptr) const;

  /// The bytes one token stands for: "" for control tokens unless `render_special`; may be part of a UTF-8 character.
  /// An id out of range gives "".
  std::string_view piece(TokenId id, bool render_special) const;
  /// Bytes of the longest piece. Looks at all of them.
  std::size_t longest_piece() const;
  /// The bytes of a whole sequence, as llama.cpp puts them together: SPM's space prefix of the first token is removed
  /// when the vocabulary adds one, and vocabularies of old tokenizers (GPT-2, Falcon, Llama 3 …) lose the space before
  /// some punctuation. Joined pieces are exact where that matters.
  std::string decode(const std::vector<TokenId>& ids, bool render_special) const;

  /// Whether this token ends an answer: the EOS, EOT and EOM that the metadata names, and the end markers known by text
  /// ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", …).
  bool ends_generation(TokenId id) const;
  /// Whether this token is a control token, by the file's type or because its text is known to end answers.
  bool is_control(TokenId id) const;
  /// The tokens that are control tokens by their text alone, against the file's type.
  const std::vector<TokenId>& assumed_control() const;
  std::int64_t size() const;
  /// The rules and special ids; its lists of tokens and merges are empty, because this class holds their content in a
  /// denser form.
  const Vocabulary& vocabulary() const;

 private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace brim::text
