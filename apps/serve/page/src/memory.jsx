// What the server's memory holds: every seat against its budget, and what this conversation took.
import {useEffect} from "preact/hooks";
import {bytesText, lastUsage, totalOf} from "./quantities.js";

function Bar({label, value, max, words}) {
  const share = max > 0 ? Math.min(100, (value / max) * 100) : 0;
  return (
    <div class="bar">
      <div class="bar-head"><span>{label}</span><span>{Math.round(share)} %</span></div>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={`${label}: ${words}`}>
        <rect class="bar-back" width="100" height="6" />
        <rect class="bar-full" width={share} height="6" />
      </svg>
      <small aria-hidden="true">{words}</small>
    </div>
  );
}

function Seat({seat}) {
  const words = `${bytesText(seat.kv_bytes)} of ${bytesText(seat.kv_budget_bytes)}, ${seat.tokens} tokens`;
  const label = `Seat ${seat.id + 1}${seat.is_processing ? " · answering" : ""}`;
  return <li><Bar label={label} value={seat.kv_bytes} max={seat.kv_budget_bytes} words={words} /></li>;
}

function Conversation({usage, context}) {
  if (!usage) return <p class="fine">Nothing has been answered in this conversation yet.</p>;
  const {prompt_tokens_details: details, brim = {}} = usage;
  const facts = [
    ["Used again", details && `${details.cached_tokens} of ${usage.prompt_tokens} tokens`],
    ["KV memory", brim.kv_bytes !== undefined && `${bytesText(brim.kv_bytes)} of ${bytesText(brim.kv_budget_bytes)}`],
    ["Entries evicted", brim.evicted],
    ["Seed", brim.seed],
  ].filter(([, value]) => value !== undefined && value !== false);
  const words = `${usage.total_tokens} of ${context} tokens of context`;
  return (
    <>
      {context > 0 && <Bar label="Context" value={usage.total_tokens} max={context} words={words} />}
      <dl>{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{String(value)}</dd></div>)}</dl>
    </>
  );
}

export function Memory({state, conversation, controller}) {
  const live = state.answering.size > 0;
  useEffect(() => {
    void controller.refreshSeats();
    if (!live) return undefined;
    const timer = setInterval(() => void controller.refreshSeats(), 1000);
    return () => clearInterval(timer);
  }, [live]);
  const {props, seats} = state;
  const total = totalOf(seats);
  return (
    <div class="memory">
      {total && <ul>{seats.map((seat) => <Seat key={seat.id} seat={seat} />)}</ul>}
      {props && (
        <p class="fine">
          {props.total_slots} {props.total_slots === 1 ? "seat" : "seats"} with a budget
          of {bytesText(props.kv_budget_bytes)} each, reserved when the server began. They never take more.
        </p>
      )}
      <h3>This conversation</h3>
      <Conversation usage={lastUsage(conversation)} context={props?.context ?? 0} />
    </div>
  );
}

/** "Memory 12 %" for the button, as far as the server says it. */
export function memoryWords(seats) {
  const total = totalOf(seats);
  return total ? `Memory ${Math.round((total.bytes / total.budget) * 100)} %` : "Memory";
}
