// Cuts text into the words that BPE merges stay inside: the list of known ways is pre_tokenizers.def, the engine is
// PCRE2 with its just-in-time compiler. Below the tokenizer; knows nothing of tokens.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"

namespace brim::text {

/// What a pre-tokenizer's name says in addition to how it cuts (bits; see pre_tokenizers.def).
enum PreTokenizerTrait : unsigned { kNone = 0, kIgnoreMerges = 1, kAddBos = 2, kCleanSpaces = 4, kCharacters = 8 };

/// The traits of a value of tokenizer.ggml.pre; an empty name means "default". Errors: unsupported, with the known
/// names.
Result<unsigned> pre_tokenizer_traits(std::string_view name);

/// Immutable after create; split is safe to call from several threads.
class PreTokenizer {
 public:
  /// Errors: unsupported for an unknown name, internal when a pattern does not compile.
  static Result<PreTokenizer> create(std::string_view name);

  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

  /// The working memory of split: blocks of PCRE2 that are created once for many texts. For one thread at a time.
  class Workspace {
   public:
    /// Errors: out_of_memory.
    static Result<Workspace> create();
    Workspace(Workspace&&) noexcept;
    Workspace& operator=(Workspace&&) noexcept;
    ~Workspace();

   private:
    friend class PreTokenizer;
    struct Blocks;
    explicit Workspace(std::unique_ptr<Blocks> blocks);
    std::unique_ptr<Blocks> blocks_;
  };

  /// Calls `take` with each word in order; together they are `text` with every byte that is not UTF-8 replaced by
  /// U+FFFD. The views live during the call only. Linear time, bounded stack. Errors: out_of_memory, internal,
  /// cancelled.
  Status split(std::string_view text, Workspace& workspace, const std::function<void(std::string_view)>& take,
               WorkMeter* meter = nullptr) const;

 private:
  struct Steps;
  explicit PreTokenizer(std::unique_ptr<Steps> steps);
  std::unique_ptr<Steps> steps_;
};

}  // namespace brim::text
