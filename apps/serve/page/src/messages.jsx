// The messages of a conversation, and what can be done with each.
import {memo} from "preact/compat";
import {useEffect, useRef, useState} from "preact/hooks";
import {copyText} from "./copying.js";
import {htmlOf} from "./markdown.js";
import {splitThinking} from "./thinking.js";

const Markdown = memo(({text}) => <div class="markdown" dangerouslySetInnerHTML={{__html: htmlOf(text)}} />);

function Copy({text}) {
  const [done, setDone] = useState("");
  const copy = async () => {
    setDone(await copyText(text) ? "Copied" : "Not copied");
    setTimeout(() => setDone(""), 1500);
  };
  return <button type="button" aria-live="polite" onClick={copy}>{done || "Copy"}</button>;
}

function EditForm({text, onSend, onCancel}) {
  const [value, setValue] = useState(text);
  const area = useRef(null);
  useEffect(() => { area.current.focus(); }, []);
  const keys = (event) => {
    if (event.key === "Escape") { event.stopPropagation(); onCancel(); }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(event); }
  };
  const submit = (event) => {
    event.preventDefault();
    if (value.trim() !== "") onSend(value);
  };
  return (
    <form class="edit" onSubmit={submit}>
      <textarea ref={area} aria-label="Edit your message" rows={3} value={value} onKeyDown={keys}
        onInput={(event) => setValue(event.currentTarget.value)} />
      <div class="actions">
        <button type="submit" class="primary" disabled={value.trim() === ""}>Send again</button>
        <button type="button" onClick={onCancel}>Cancel</button>
      </div>
    </form>
  );
}

function UserMessage({message, busy, onEdit}) {
  const [editing, setEditing] = useState(false);
  if (editing) {
    return (
      <article class="message user editing" aria-label="You">
        <EditForm text={message.content} onCancel={() => setEditing(false)}
          onSend={(text) => { setEditing(false); onEdit(text); }} />
      </article>
    );
  }
  return (
    <article class="message user" aria-label="You">
      <div class="bubble">{message.content}</div>
      <div class="actions">
        <Copy text={message.content} />
        <button type="button" disabled={busy} onClick={() => setEditing(true)}>Edit</button>
      </div>
    </article>
  );
}

function Thinking({text, open}) {
  return (
    <details class="thinking">
      <summary>{open ? "Thinking…" : "Thoughts"}</summary>
      <div class="thoughts">{text}</div>
    </details>
  );
}

function endOf({stopped, end, usage}) {
  const words = [];
  if (stopped) words.push("stopped");
  if (end === "length") words.push("reached its limit");
  if (usage) words.push(`${usage.completion_tokens} tokens`);
  return words.join(" · ");
}

function Answer({message, growing, last, busy, onRegenerate}) {
  const split = splitThinking(message.content);
  const thinking = [message.reasoning, split.thinking].filter(Boolean).join("\n\n");
  const open = growing && (split.open || (split.answer === "" && Boolean(message.reasoning)));
  return (
    <article class="message answer" aria-label="Answer" aria-busy={growing}>
      {(thinking || split.open) && <Thinking text={thinking} open={open} />}
      {split.answer && <Markdown text={split.answer} />}
      {growing && !split.answer && <p class="waiting" aria-hidden="true"><i /><i /><i /></p>}
      {message.error && <p class="problem" role="alert">{message.error}</p>}
      {!growing && (
        <div class="actions">
          {split.answer && <Copy text={split.answer} />}
          {last && <button type="button" disabled={busy} onClick={onRegenerate}>Regenerate</button>}
          <span class="end">{endOf(message)}</span>
        </div>
      )}
    </article>
  );
}

export function Messages({conversation, answering, controller}) {
  const {messages} = conversation;
  const waiting = answering && messages.at(-1)?.role === "user";
  const all = waiting ? [...messages, {role: "assistant", content: "", reasoning: ""}] : messages;
  const unanswered = !answering && messages.at(-1)?.role === "user";
  return (
    <div class="messages">
      {all.map((message, index) => message.role === "user"
        ? <UserMessage key={index} message={message} busy={answering} onEdit={(text) => controller.edit(index, text)} />
        : <Answer key={index} message={message} last={index === all.length - 1} busy={answering}
            growing={answering && index === all.length - 1} onRegenerate={() => controller.regenerate()} />)}
      {unanswered && (
        <div class="actions"><button type="button" onClick={() => controller.regenerate()}>Answer this message</button></div>
      )}
    </div>
  );
}
