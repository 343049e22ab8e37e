// Whether one build is slower than another. On a shared machine single figures vary by more than a change does, so
// pairs are added until the interval of the median ratio is narrow, or until there are kMaxPairs.
export const kMinPairs = 5, kMaxPairs = 40, kTolerance = 0.02;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The 95 % bootstrap interval [low, high] of the median (percentile method, 2,000 resamples, always the same ones). */
export function medianInterval(values) {
  let state = 0x9e3779b9;
  const below = (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * count);
  };
  const medians = Array.from({length: 2000}, () => median(values.map(() => values[below(values.length)]))).sort((a, b) => a - b);
  return [medians[49], medians[1949]];
}

/** Whether the ratios so far decide: the interval reaches no further than ±2 % from the median. */
export function narrow(ratios) {
  if (ratios.length < kMinPairs) return false;
  const middle = median(ratios), [low, high] = medianInterval(ratios);
  return high - middle <= kTolerance * middle && middle - low <= kTolerance * middle;
}

/** "loss" where the whole interval lies below 1 − 2 %, "no loss" where a narrow one does not, else "undecided". */
export function verdict(ratios) {
  const [, high] = medianInterval(ratios);
  if (high < 1 - kTolerance) return "loss";
  return narrow(ratios) ? "no loss" : "undecided";
}
