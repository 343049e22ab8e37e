// What a model thinks before it answers, where it stands in the text between <think> and </think>.

const begin = "<think>", end = "</think>";

/** Divides a text that may still grow into {thinking, answer, open}; open: the thinking has not ended yet. */
export function splitThinking(text) {
  const start = text.trimStart();
  const close = text.indexOf(end);
  if (close >= 0 && (start.startsWith(begin) || !text.slice(0, close).includes(begin))) {
    // Templates may write the first mark into the prompt, so that only the second one is generated.
    const thinking = text.slice(0, close).trimStart();
    return {
      thinking: (thinking.startsWith(begin) ? thinking.slice(begin.length) : thinking).trim(),
      answer: text.slice(close + end.length).trimStart(),
      open: false,
    };
  }
  if (start.startsWith(begin)) return {thinking: start.slice(begin.length).trim(), answer: "", open: true};
  if (start !== "" && begin.startsWith(start)) return {thinking: "", answer: "", open: true};
  return {thinking: "", answer: text, open: false};
}
