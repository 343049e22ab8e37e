// See pre_tokenizer.hpp. The expressions do not run on the text itself but on a twin of the same length, in which the
// few characters that libraries of different age classify differently are replaced by undisputed ones of their class;
// a match's offsets then cut the text.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/text/pre_tokenizer.hpp"

#include <pcre2.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/base/quote.hpp"
#include "engine/text/unicode.hpp"

namespace brim::text {
namespace {

#define SPLIT(id, ...) constexpr const char* id##_patterns[] = {__VA_ARGS__};
#include "engine/text/pre_tokenizers.def"

struct Entry {
  std::string_view name;
  std::span<const char* const> patterns;
  unsigned traits;
};

constexpr Entry kEntries[] = {
#define PRE_TOKENIZER(name, split, traits) {name, split##_patterns, traits},
#include "engine/text/pre_tokenizers.def"
};

Result<const Entry*> find_entry(std::string_view name) {
  if (name.empty()) name = "default";
  std::string known;
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return &entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  return error(ErrorCode::unsupported, "the pre-tokenizer ", quoted(name),
               " (tokenizer.ggml.pre) is not known; known are ", known);
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeStack {
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

std::string pcre2_reason(int code) {
  std::array<PCRE2_UCHAR, 160> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

// A character of the same class and UTF-8 length that every version of PCRE2 agrees on; 0 when `c` itself is one.
// U+180E counts as white space in PCRE2 but not in Unicode; surrogates are not allowed in its subjects.
std::uint32_t undisputed(std::uint32_t c) {
  if (c == 0x180E) return 0x200B;
  if (c >= 0xD800 && c <= 0xDFFF) return 0xFFFF;
  if (c < 0x0C00 || !is_recent_character(c)) return 0;
  const bool wide = c >= 0x10000;
  switch (character_class(c)) {
    case CharacterClass::letter:
      return wide ? 0x20000 : 0x0905;
    case CharacterClass::number:
      return wide ? 0x10107 : 0x0966;
    case CharacterClass::mark:
      return wide ? 0x11001 : 0x0903;
    case CharacterClass::punctuation:
      return wide ? 0x10100 : 0x0964;
    case CharacterClass::symbol:
      return wide ? 0x1F600 : 0x2600;
    default:
      return wide ? 0x1FFFF : 0xFFFF;
  }
}

// The text to cut and the twin the expressions see: views of the input where it needs no change.
struct Subject {
  std::string_view text, twin;
  std::string text_copy, twin_copy;
};

// False: cancelled.
bool prepare(std::string_view input, Subject& subject, WorkMeter* meter) {
  subject.text = subject.twin = input;
  bool copied = false;
  for (std::size_t offset = 0; offset < input.size();) {
    if (!copied && static_cast<unsigned char>(input[offset]) < 0x80) {
      ++offset;
      continue;
    }
    if (!step(meter)) return false;
    const Decoded next = decode_lenient(input, offset);
    const std::uint32_t stand_in = undisputed(next.code_point);
    std::string written;
    append_utf8(next.code_point, written);
    if (!copied && (stand_in != 0 || written != input.substr(offset, next.length))) {
      copied = true;
      subject.text_copy = subject.twin_copy = std::string(input.substr(0, offset));
    }
    if (copied) {
      subject.text_copy += written;
      append_utf8(stand_in != 0 ? stand_in : next.code_point, subject.twin_copy);
    }
    offset += next.length;
  }
  if (copied) {
    subject.text = subject.text_copy;
    subject.twin = subject.twin_copy;
  }
  return true;
}

constexpr std::size_t kBytesPerUnit = 64;  // of text, per unit of work

constexpr std::size_t kJitStackStart = 32 * 1024, kMaxJitStack = 1024 * 1024;

// What one split call works with.
struct Work {
  pcre2_match_data* match;
  pcre2_match_context* context;
  std::string_view text, twin;
  const std::function<void(std::string_view)>& take;
  WorkMeter* meter;
};

}  // namespace

// PCRE2's blocks are not shared between threads.
struct PreTokenizer::Workspace::Blocks {
  std::unique_ptr<pcre2_match_data, FreeMatch> match;
  std::unique_ptr<pcre2_match_context, FreeContext> context;
  std::unique_ptr<pcre2_jit_stack, FreeStack> stack;
};

Result<PreTokenizer::Workspace> PreTokenizer::Workspace::create() {
  auto blocks = std::make_unique<Blocks>(Blocks{
      std::unique_ptr<pcre2_match_data, FreeMatch>(pcre2_match_data_create(1, nullptr)),
      std::unique_ptr<pcre2_match_context, FreeContext>(pcre2_match_context_create(nullptr)),
      std::unique_ptr<pcre2_jit_stack, FreeStack>(pcre2_jit_stack_create(kJitStackStart, kMaxJitStack, nullptr))});
  if (!blocks->match || !blocks->context)
    return error(ErrorCode::out_of_memory, "no memory to split the text into words");
  if (blocks->stack) pcre2_jit_stack_assign(blocks->context.get(), nullptr, blocks->stack.get());
  pcre2_set_match_limit(blocks->context.get(), std::numeric_limits<std::uint32_t>::max());
  return Workspace(std::move(blocks));
}

PreTokenizer::Workspace::Workspace(std::unique_ptr<Blocks> blocks) : blocks_(std::move(blocks)) {}
PreTokenizer::Workspace::Workspace(Workspace&&) noexcept = default;
PreTokenizer::Workspace& PreTokenizer::Workspace::operator=(Workspace&&) noexcept = default;
PreTokenizer::Workspace::~Workspace() = default;

struct PreTokenizer::Steps {
  std::vector<Code> codes;

  // Cuts [begin, end) by the expression `step` and hands the pieces to the next one; the last one's pieces are words.
  Status cut(std::size_t step, std::size_t begin, std::size_t end, const Work& work) const {
    if (!brim::step(work.meter, 1 + static_cast<std::int64_t>((end - begin) / kBytesPerUnit))) return cancelled_error();
    if (step == codes.size()) {
      work.take(work.text.substr(begin, end - begin));
      return {};
    }
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(work.twin.data() + begin);
    const std::size_t length = end - begin;
    std::size_t done = 0, from = 0;
    while (done < length) {
      const int found =
          pcre2_match(codes[step].get(), subject, length, from, PCRE2_NO_UTF_CHECK, work.match, work.context);
      if (found == PCRE2_ERROR_NOMATCH) break;
      if (found < 0) {
        const bool memory = found == PCRE2_ERROR_NOMEMORY || found == PCRE2_ERROR_HEAPLIMIT;
        return error(memory ? ErrorCode::out_of_memory : ErrorCode::internal,
                     "splitting the text into words failed: ", pcre2_reason(found));
      }
      const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(work.match);
      const std::size_t first = bounds[0], last = bounds[1];
      if (last == first) {  // no listed expression matches nothing; a step ahead keeps the loop finite all the same
        from = first + sequence_length(work.twin[begin + first]);
        if (from >= length) break;
        continue;
      }
      if (first > done) BRIM_TRY(cut(step + 1, begin + done, begin + first, work));
      BRIM_TRY(cut(step + 1, begin + first, begin + last, work));
      done = from = last;
    }
    if (done < length) BRIM_TRY(cut(step + 1, begin + done, end, work));
    return {};
  }
};

Result<unsigned> pre_tokenizer_traits(std::string_view name) {
  BRIM_ASSIGN(const Entry* entry, find_entry(name));
  return entry->traits;
}

Result<PreTokenizer> PreTokenizer::create(std::string_view name) {
  BRIM_ASSIGN(const Entry* entry, find_entry(name));
  auto steps = std::make_unique<Steps>();
  for (const char* pattern : entry->patterns) {
    int reason = 0;
    PCRE2_SIZE at = 0;
    Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern), PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                            &reason, &at, nullptr));
    if (!code) {
      return error(ErrorCode::internal, "the pre-tokenizer ", entry->name, " does not compile: ", pcre2_reason(reason),
                   " at ", at);
    }
    // Where the just-in-time compiler is missing, PCRE2 interprets the expression: slower, same matches.
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
    steps->codes.push_back(std::move(code));
  }
  return PreTokenizer(std::move(steps));
}

PreTokenizer::PreTokenizer(std::unique_ptr<Steps> steps) : steps_(std::move(steps)) {}
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

Status PreTokenizer::split(std::string_view text, Workspace& workspace,
                           const std::function<void(std::string_view)>& take, WorkMeter* meter) const {
  if (text.empty()) return {};
  Subject subject;
  if (!prepare(text, subject, meter)) return cancelled_error();
  const Work work{
      workspace.blocks_->match.get(), workspace.blocks_->context.get(), subject.text, subject.twin, take, meter};
  return steps_->cut(0, 0, subject.text.size(), work);
}

}  // namespace brim::text
