"""Keywords of options and what they do, from the list of the library."""

# options: from engine/api/options.def
MODEL_OPTIONS = {
    "threads": (
        "Number of threads (1 to 512; default: the performance cores this process may use)"
    ),
    "weights": (
        "Where the weights are kept: private, repacked in memory of this process; shared, repacked in a cache file that "
        "processes share and the next start maps as it is; file, read in place in the model's file, which is slower (on the "
        "command line --no-repack) (default: private)"
    ),
    "kv_pool": (
        "Shared limit for the KV budgets of all sessions of the model: a session that does not fit is refused, and freeing "
        "one returns its budget (default: no shared limit)"
    ),
}
SESSION_OPTIONS = {
    "context": (
        "Context length in tokens (default: the model's training context)"
    ),
    "kv_budget": (
        "Hard limit for the KV cache: a size (64MiB), a share of what the whole context would need (20%), full, or auto "
        "(default: auto: enough for 16384 tokens of context, or a quarter of the free memory if that is less)"
    ),
    "kv_type": (
        "Number format of cached keys and values: f32, f16, q8_0, q5_0, q4_0 or q3_0; two of them for keys and values "
        "separately (q8_0:q4_0) (default: f16)"
    ),
    "kv_split": (
        "How the budget is divided between layers (default: auto: joint or depth where a profile shows that layers differ, "
        "else uniform)"
    ),
    "kv_profile": (
        "Profile of the model's layers, as brim calibrate measured it (default: the profile that the model's file carries, if"
        " any)"
    ),
    "kv_keep": (
        "Which entries are kept when the cache is full: window, the first and the newest; snapkv and tova, what queries "
        "attend to; dynsplit, whole blocks of that; distinct, also those whose keys are unlike the rest; learned, also those "
        "that a replay of the text is expected to attend to (default: distinct)"
    ),
    "kv_scores": (
        "Learned scores for kv.keep=learned (--kv-keep learned), as brim calibrate --keep-scores measured them (default: the "
        "scores that the model's file carries, if any)"
    ),
    "kv_read": (
        "What a generated token reads of the cache: all, or top=25%, the first and the newest entries and the blocks that "
        "match its query best, up to that share of the entries kept (default: all)"
    ),
    "kv_heads": (
        "Whether the KV heads of a layer keep the same entries: together, or apart, each with a quota of its own (default: "
        "together)"
    ),
    "kv_checkpoints": (
        "Max number of checkpoints of layers' states and sliding windows: copies of these, in the KV budget, from which a "
        "changed conversation goes on; -1: as many as the budget allows, 0: none (-1 to 16; default: -1)"
    ),
    "chat_template": (
        "How messages become a prompt: a built-in template (chatml, llama3, …) or Jinja source, on the command line a file "
        "with it (default: the model's own template)"
    ),
    "spec_type": (
        "Speculation: draft several tokens and verify them in one pass, which changes the speed and never the text. ngram "
        "drafts what followed earlier in the text, where that has been right; none is off (default: none)"
    ),
    "spec_draft_max": (
        "Max number of tokens drafted at once (1 to 15; default: 15)"
    ),
    "system": (
        "System message of the conversation, from the next message on"
    ),
    "limit": (
        "Max number of tokens per answer; -1: no limit (default: -1)"
    ),
    "stop_ignore_eos": (
        "Whether generation goes on after an end token: 1 or 0 (default: 0)"
    ),
    "seed": (
        "The same seed gives the same text, whatever the number of threads (default: -1 in the commands, a seed chosen at "
        "random; 0 in the library)"
    ),
    "temperature": (
        "Randomness; 0 always takes the most likely token (default: 0.8)"
    ),
    "top_k": (
        "Only the K most likely tokens; 0: off (default: 40)"
    ),
    "top_p": (
        "Only the most likely tokens that together reach the probability P; 1: off (0 to 1; default: 0.95)"
    ),
    "min_p": (
        "Only tokens at least P times as likely as the most likely one; 0: off (0 to 1; default: 0.05)"
    ),
    "typical_p": (
        "Only tokens about as surprising as expected; 1: off (0 to 1; default: 1)"
    ),
    "repeat_penalty": (
        "Divides the odds of recently seen tokens; 1: off (1e-6 to 1e6; default: 1)"
    ),
    "repeat_last_n": (
        "Number of recent tokens that penalties look at; -1: all (default: 64)"
    ),
    "frequency_penalty": (
        "Penalty for each time that a token was recently seen; 0: off (default: 0)"
    ),
    "presence_penalty": (
        "Penalty for tokens that were recently seen at all; 0: off (default: 0)"
    ),
    "dry_multiplier": (
        "Strength of DRY, which stops repeated sequences; 0: off (default: 0)"
    ),
    "dry_base": (
        "How fast DRY's penalty grows with each repeated token (default: 1.75)"
    ),
    "dry_allowed_length": (
        "Length in tokens up to which DRY allows repeated sequences (1 to 1048576; default: 2)"
    ),
    "dry_penalty_last_n": (
        "Number of recent tokens that DRY looks at; -1: all (default: -1)"
    ),
    "xtc_probability": (
        "How often XTC drops the top choices; 0: off (0 to 1; default: 0)"
    ),
    "xtc_threshold": (
        "Probability from which a token is a top choice for XTC; above 0.5: off (0 to 1; default: 0.1)"
    ),
    "mirostat": (
        "Mirostat in place of top-k, typical, top-p, min-p and XTC; 0: off (0 to 2; default: 0)"
    ),
    "mirostat_tau": (
        "The surprise mirostat aims at, in bits (0 to 1000; default: 5)"
    ),
    "mirostat_eta": (
        "How fast mirostat corrects itself (0 to 1000; default: 0.1)"
    ),
    "logit_bias": (
        "Makes a token more or less likely; ID-inf bans it (repeatable)"
    ),
    "stop": (
        "Ends the answer before this text (repeatable)"
    ),
    "max_message_bytes": (
        "Max size of a message or prompt, up to 1GiB; a larger one is refused before any work on it (default: 16MiB)"
    ),
}
# Keywords whose key in the library has a dot.
DOTTED = {
    "kv_pool": "kv.pool",
    "kv_budget": "kv.budget",
    "kv_type": "kv.type",
    "kv_split": "kv.split",
    "kv_profile": "kv.profile",
    "kv_keep": "kv.keep",
    "kv_scores": "kv.scores",
    "kv_read": "kv.read",
    "kv_heads": "kv.heads",
    "kv_checkpoints": "kv.checkpoints",
    "chat_template": "chat.template",
    "spec_type": "spec.type",
    "spec_draft_max": "spec.draft_max",
    "stop_ignore_eos": "stop.ignore_eos",
}
# options: end
