// Numbers for people, and sums over what the server says of its memory.

/** "12.3 MiB" */
export function bytesText(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0, value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    ++unit;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** Bytes that all seats hold, and their budgets; null where the server does not say. */
export function totalOf(seats) {
  if (!seats?.length || seats.some(({kv_bytes, kv_budget_bytes}) => kv_bytes === undefined || !kv_budget_bytes)) return null;
  return {
    bytes: seats.reduce((sum, seat) => sum + seat.kv_bytes, 0),
    budget: seats.reduce((sum, seat) => sum + seat.kv_budget_bytes, 0),
  };
}

/** The last usage of a conversation, or null. */
export function lastUsage({messages}) {
  return messages.findLast(({usage}) => usage)?.usage ?? null;
}
