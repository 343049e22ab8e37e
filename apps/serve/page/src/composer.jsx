// Where a message is written.
import {useEffect, useRef, useState} from "preact/hooks";
import {IconButton} from "./icons.jsx";

export function Composer({answering, current, onSend, onStop}) {
  const [text, setText] = useState("");
  const area = useRef(null);
  useEffect(() => { area.current.focus({preventScroll: true}); }, [current]);
  const send = () => {
    if (answering || text.trim() === "") return;
    onSend(text);
    setText("");
  };
  const keys = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      <textarea ref={area} rows={1} aria-label="Message" placeholder="Write a message…" value={text} onKeyDown={keys}
        onInput={(event) => setText(event.currentTarget.value)} />
      {answering
        ? <IconButton icon="stop" label="Stop the answer (Escape)" onClick={onStop} />
        : <IconButton icon="send" label="Send (Enter)" type="submit" disabled={text.trim() === ""} />}
    </form>
  );
}
