// See familiar.hpp.
#include "apps/command_line/familiar.hpp"

namespace brim::apps {
namespace {

using Kind = FamiliarOption::Kind;
using Takes = FamiliarOption::Takes;

constexpr std::string_view kNoGpu = "Brim computes on the CPU alone";
constexpr std::string_view kPinsThreads = "Brim keeps its threads on the cores that -t gives it";
constexpr std::string_view kDownload =
    "Brim downloads nothing: fetch the GGUF file first, then give its path as the model";
constexpr std::string_view kFromFile = "Brim takes this from the model's file";
constexpr std::string_view kNoGrammar = "Brim cannot hold an answer to a grammar or schema yet";
constexpr std::string_view kNoAdapters =
    "Brim has no adapters or other towers yet: merge them into the GGUF file first";
constexpr std::string_view kContinues = "brim run continues a text; brim chat MODEL.gguf is the conversation";
constexpr std::string_view kConverses = "brim chat is always a conversation";
constexpr std::string_view kOutput = "standard output holds the answer alone, and colours appear only on a terminal";
constexpr std::string_view kServes = "brim serve MODEL.gguf is the server, with options of its own (brim serve --help)";
constexpr std::string_view kOneConversation = "a process of Brim has one conversation";
constexpr std::string_view kFits = "--kv-budget sets the memory of the cache, and brim inspect shows what fits";
constexpr std::string_view kDrafts = "Brim drafts from the text itself (--spec-type), without a second model";
constexpr std::string_view kNoSampler = "Brim does not have this sampler yet; brim run --help lists those that it has";
constexpr std::string_view kTemplate = "--chat-template FILE says what stands around messages";
constexpr std::string_view kSession = "brim chat --session FILE keeps a conversation with its memory";
constexpr std::string_view kSaysMore = "-v says more, on standard error";
constexpr std::string_view kTensorRules = "TYPE has rules for every tensor, and --pure packs all matrices alike";
constexpr std::string_view kMapping = "--weights private, shared, or --no-repack say where the weights lie";

constexpr FamiliarOption kOptions[] = {
    {"--ctx-size", Kind::same, Takes::value, "--context", ""},
    {"--n-predict,--max-tokens", Kind::same, Takes::value, "--predict", ""},
    {"-sys,--system-prompt", Kind::same, Takes::value, "--system", ""},
    {"-r", Kind::same, Takes::value, "--stop", "chat run"},
    {"-np,--parallel", Kind::same, Takes::value, "--seats", "serve"},
    {"--draft,--draft-n", Kind::same, Takes::value, "--draft-max", ""},
    {"--template-file", Kind::same, Takes::value, "--chat-template", "chat"},
    {"--chat-template-file", Kind::same, Takes::value, "--template-file", "render"},
    {"-ctk,--cache-type-k", Kind::key_type, Takes::value, "--kv-type", ""},
    {"-ctv,--cache-type-v", Kind::value_type, Takes::value, "--kv-type", ""},

    {"-ngl,--gpu-layers,--n-gpu-layers", Kind::ignored, Takes::value, kNoGpu, ""},
    {"-ot,--override-tensor", Kind::ignored, Takes::value, kNoGpu, ""},
    {"-sm,--split-mode,-ts,--tensor-split,-mg,--main-gpu,-dev,--device", Kind::ignored, Takes::value, kNoGpu, ""},
    {"-ncmoe,--n-cpu-moe,-ngld,--gpu-layers-draft", Kind::ignored, Takes::value, kNoGpu, ""},
    {"-nkvo,--no-kv-offload,-cmoe,--cpu-moe,--no-op-offload", Kind::ignored, Takes::nothing, kNoGpu, ""},
    {"-fa,--flash-attn", Kind::ignored, Takes::may_switch, "attention always streams over the cache", ""},
    {"-b,--batch-size,-ub,--ubatch-size", Kind::ignored, Takes::value,
     "the KV budget decides how many tokens are read at once", ""},
    {"--mlock,--mmap,--no-mmap,-dio,--direct-io", Kind::ignored, Takes::nothing, kMapping, ""},
    {"-tb,--threads-batch", Kind::ignored, Takes::value, "-t is for prompts and answers alike", ""},
    {"--numa,--prio,--poll,-C,--cpu-mask,-Cr,--cpu-range,--cpu-strict", Kind::ignored, Takes::value, kPinsThreads, ""},
    {"--color,-co", Kind::ignored, Takes::may_switch, kOutput, ""},
    {"--simple-io,--no-display-prompt,--log-disable,--nowordwrap", Kind::ignored, Takes::nothing, kOutput, ""},
    {"--no-perf,--perf,--no-warmup,--warmup", Kind::ignored, Takes::nothing, "brim bench is what measures", ""},
    {"-np,--parallel,-ns,--sequences", Kind::ignored, Takes::value, kOneConversation, ""},
    {"-cb,--cont-batching,-nocb,--no-cont-batching", Kind::ignored, Takes::nothing, kOneConversation, ""},
    {"-fit,--fit", Kind::ignored, Takes::may_switch, kFits, ""},
    {"-fitt,--fit-target,-fitc,--fit-ctx", Kind::ignored, Takes::value, kFits, ""},
    {"-lv,--verbosity,--log-verbosity,--log-file", Kind::ignored, Takes::value, kSaysMore, ""},
    {"--verbose-prompt,--log-prefix,--log-timestamps", Kind::ignored, Takes::nothing, kSaysMore, ""},
    {"--log-colors", Kind::ignored, Takes::may_switch, kOutput, ""},
    {"--repack", Kind::ignored, Takes::nothing, kMapping, ""},
    {"--offline", Kind::ignored, Takes::nothing, "Brim downloads nothing", ""},
    {"-dt,--defrag-thold", Kind::ignored, Takes::value, "the cache has no holes that could be closed", ""},
    {"--draft-min,--draft-n-min,--draft-p-min,-cd,--ctx-size-draft", Kind::ignored, Takes::value, kDrafts, ""},
    {"-mli,--multiline-input", Kind::ignored, Takes::nothing, "\"\"\" begins a message of several lines", "chat"},
    {"--allow-requantize", Kind::ignored, Takes::nothing, "what is packed already is packed again, and said",
     "quantize"},
    {"--perplexity,-ppl", Kind::ignored, Takes::nothing, "brim eval always measures perplexity", "eval"},
    {"--progress", Kind::ignored, Takes::nothing, "a terminal shows what is being measured", "bench"},
    {"--jinja", Kind::ignored, Takes::nothing, "chat templates are always Jinja", ""},
    {"--context-shift,--no-context-shift,-kvu,--kv-unified,--swa-full", Kind::ignored, Takes::nothing,
     "--kv-budget and --kv-keep decide which entries are kept", ""},
    {"--keepalive", Kind::ignored, Takes::value, "Brim loads the model for this one run", ""},
    {"-cnv,--conversation,-i,--interactive,-if,--interactive-first,-ins,--instruct", Kind::ignored, Takes::nothing,
     kConverses, "chat"},
    {"-st,--single-turn", Kind::ignored, Takes::nothing, "-p asks one question and leaves", "chat"},
    {"-st,--single-turn", Kind::ignored, Takes::nothing, "brim run answers once and ends", "run"},
    {"-no-cnv,--no-conversation", Kind::ignored, Takes::nothing, "brim run is never a conversation", "run"},

    {"-cnv,--conversation,-i,--interactive,-if,--interactive-first,-ins,--instruct", Kind::refused, Takes::nothing,
     kContinues, "run"},
    {"-no-cnv,--no-conversation", Kind::refused, Takes::nothing,
     "brim run MODEL.gguf continues a text without a template", "chat"},
    {"-hf,-hfr,--hf-repo,-hff,--hf-file,-hft,--hf-token,-mu,--model-url,-dr,--docker-repo", Kind::refused, Takes::value,
     kDownload, ""},
    {"--keep", Kind::refused, Takes::value, "--kv-keep chooses the rule for which entries are kept", ""},
    {"--rope-scaling,--rope-scale,--rope-freq-base,--rope-freq-scale,--yarn-orig-ctx,--yarn-ext-factor,"
     "--yarn-attn-factor,--yarn-beta-slow,--yarn-beta-fast,--override-kv",
     Kind::refused, Takes::value, kFromFile, ""},
    {"--grammar,--grammar-file,-j,--json-schema,-jf,--json-schema-file,--format", Kind::refused, Takes::value,
     kNoGrammar, ""},
    {"--lora,--lora-scaled,--control-vector,--mmproj,--image,--audio", Kind::refused, Takes::value, kNoAdapters, ""},
    {"-md,--model-draft", Kind::refused, Takes::value, kDrafts, ""},
    {"--host,--port,--path,--api-prefix,--api-key,--api-key-file,--ssl-key-file,--ssl-cert-file,-to,--timeout,--"
     "threads-http,"
     "--alias",
     Kind::refused, Takes::value, kServes, ""},
    {"--embedding,--embeddings,--rerank,--reranking,--metrics,--slots,--no-slots,--props,--no-webui", Kind::refused,
     Takes::nothing, kServes, ""},
    {"-bf,--binary-file", Kind::refused, Takes::value,
     "brim run -f FILE reads a prompt from a file, and -p follows a pipe", ""},
    {"--in-prefix,--in-suffix", Kind::refused, Takes::value, kTemplate, ""},
    {"--in-prefix-bos", Kind::refused, Takes::nothing, kTemplate, ""},
    {"--no-jinja", Kind::refused, Takes::nothing, "chat templates are always Jinja", ""},
    {"--chat-template-kwargs,--reasoning-format,--reasoning-budget", Kind::refused, Takes::value,
     "a template sees the messages alone; --chat-template FILE takes another one", ""},
    {"-sp,--special", Kind::refused, Takes::nothing,
     "control tokens are not printed; brim run --print-ids shows their ids", ""},
    {"--dynatemp-range,--dynatemp-exp,--top-nsigma,--top-n-sigma,--adaptive-target,--adaptive-decay,--dry-sequence-"
     "breaker",
     Kind::refused, Takes::value, kNoSampler, ""},
    {"--imatrix,--include-weights,--exclude-weights", Kind::refused, Takes::value,
     "Brim has no importance matrices yet", "quantize"},
    {"--output-tensor-type,--token-embedding-type,--tensor-type,--prune-layers", Kind::refused, Takes::value,
     kTensorRules, "quantize"},
    {"--leave-output-tensor", Kind::refused, Takes::nothing, kTensorRules, "quantize"},
    {"--keep-split", Kind::refused, Takes::nothing, "the output is one file", "quantize"},
    {"-pg", Kind::refused, Takes::value, "-p and -n are tests of their own, and -d fills the cache before them",
     "bench"},
    {"--chunks", Kind::refused, Takes::value, "the whole text is read; -c sets the largest position", "eval"},
    {"--kl-divergence", Kind::refused, Takes::nothing, "--suite kv compares caches by their KL divergence", "eval"},
    {"--samplers,--sampling-seq,--sampler-seq", Kind::refused, Takes::value,
     "the order of the sampling stages is fixed; each is off at the value its help names", ""},
    {"--prompt-cache", Kind::refused, Takes::value, kSession, ""},
    {"--prompt-cache-all,--prompt-cache-ro", Kind::refused, Takes::nothing, kSession, ""},
    {"-dkvc,--dump-kv-cache", Kind::refused, Takes::nothing, "/kv in brim chat shows what each layer keeps", ""},
};

struct FamiliarCommand {
  std::string_view names, text;
};

constexpr FamiliarCommand kCommands[] = {
    {"pull push", kDownload},
    {"server llama-server", "brim serve MODEL.gguf answers over HTTP"},
    {"list ls ps rm cp create stop", "Brim keeps no list of models: they are GGUF files, which you name by their path"},
    {"show info", "brim inspect MODEL.gguf shows what a file holds and the memory it takes"},
    {"perplexity ppl llama-perplexity", "brim eval MODEL.gguf -f TEXT measures perplexity"},
    {"completion completions", "brim help --bash-completion prints the completion script for bash"},
    {"complete generate llama-completion", "brim run MODEL.gguf -p TEXT continues a text"},
    {"cli llama-cli main", "brim chat MODEL.gguf is the conversation, brim run MODEL.gguf -p TEXT continues a text"},
    {"convert", "Brim reads GGUF files only and converts nothing yet"},
    {"llama-bench", "brim bench MODEL.gguf measures speed"},
};

}  // namespace

bool lists(std::string_view names, std::string_view name, char between) {
  while (!names.empty()) {
    const std::string_view first = names.substr(0, names.find(between));
    if (first == name) return true;
    names.remove_prefix(first.size() < names.size() ? first.size() + 1 : first.size());
  }
  return false;
}

const FamiliarOption* find_familiar_option(std::string_view option, std::string_view command) {
  for (const FamiliarOption& entry : kOptions) {
    if (lists(entry.names, option, ',') && (entry.only.empty() || lists(entry.only, command, ' '))) return &entry;
  }
  return nullptr;
}

std::span<const FamiliarOption> familiar_options() { return kOptions; }

std::string_view familiar_command(std::string_view command) {
  for (const FamiliarCommand& entry : kCommands) {
    if (lists(entry.names, command, ' ')) return entry.text;
  }
  return {};
}

}  // namespace brim::apps
