// The settings of a conversation that go into its requests. What is empty is left to the server.

export const samplingFields = [
  {name: "temperature", label: "Temperature", min: 0, max: 5, step: 0.05, hint: "0 always takes the most likely token"},
  {name: "top_p", label: "Top-p", min: 0, max: 1, step: 0.01, hint: "Only the most likely tokens up to this sum"},
  {name: "top_k", label: "Top-k", min: 0, max: 100000, step: 1, hint: "Only this many tokens; 0 is off"},
  {name: "min_p", label: "Min-p", min: 0, max: 1, step: 0.01, hint: "Relative to the most likely token"},
  {name: "repeat_penalty", label: "Repeat penalty", min: 0.1, max: 10, step: 0.05, hint: "1 is off"},
  {name: "max_tokens", label: "Longest answer", min: 1, max: 10000000, step: 1, hint: "In tokens"},
  {name: "seed", label: "Seed", min: 0, max: 9007199254740991, step: 1, hint: "The same seed gives the same answer"},
];

/** The numbers among the texts of the form; a text that is not a number in its range is left out. */
export function samplingOf(settings) {
  const chosen = {};
  for (const {name, min, max, step} of samplingFields) {
    const text = String(settings[name] ?? "").trim();
    const value = Number(text);
    if (text === "" || !Number.isFinite(value) || value < min || value > max) continue;
    if (step === 1 && !Number.isInteger(value)) continue;
    chosen[name] = value;
  }
  return chosen;
}
