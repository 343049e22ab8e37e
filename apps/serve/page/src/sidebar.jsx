// The list of conversations.
import {useState} from "preact/hooks";
import {Icon, IconButton} from "./icons.jsx";

function Rename({conversation, done}) {
  const [title, setTitle] = useState(conversation.title);
  return (
    <form class="rename" onSubmit={(event) => { event.preventDefault(); done(title); }}>
      <input aria-label="Name of the conversation" value={title} autofocus ref={(input) => input?.focus()}
        onInput={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); done(""); } }} />
      <button type="submit">Save</button>
    </form>
  );
}

function Item({conversation, current, answering, controller, onOpen}) {
  const [mode, setMode] = useState("");
  const {id, title} = conversation;
  if (mode === "rename") {
    return <li><Rename conversation={conversation} done={(text) => { controller.rename(id, text); setMode(""); }} /></li>;
  }
  if (mode === "remove") {
    return (
      <li class="confirm">
        <span>Delete “{title}”?</span>
        <button type="button" class="danger" ref={(button) => button?.focus()} onClick={() => controller.remove(id)}>Delete</button>
        <button type="button" onClick={() => setMode("")}>Keep</button>
      </li>
    );
  }
  return (
    <li class={current ? "item current" : "item"}>
      <button type="button" class="open" aria-current={current ? "true" : undefined} onClick={() => onOpen(id)}>
        {answering && <span class="dot" aria-hidden="true" />}
        <span class="name">{title}</span>
        {answering && <span class="spoken"> (answering)</span>}
      </button>
      <IconButton icon="rename" label={`Rename “${title}”`} onClick={() => setMode("rename")} />
      <IconButton icon="remove" label={`Delete “${title}”`} onClick={() => setMode("remove")} />
    </li>
  );
}

export function Sidebar({controller, state, open, onClose}) {
  const show = (id) => { controller.open(id); onClose(); };
  return (
    <nav class={open ? "sidebar shown" : "sidebar"} aria-label="Conversations">
      <div class="brand">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <strong>Brim</strong>
        <span class="grow" />
        <span class="narrow-only"><IconButton icon="close" label="Close the list" onClick={onClose} /></span>
      </div>
      <button type="button" class="new" onClick={() => { controller.begin(); onClose(); }}>
        <Icon name="plus" /> New conversation
      </button>
      <ul>
        {state.conversations.map((one) => (
          <Item key={one.id} conversation={one} current={one.id === state.current} controller={controller} onOpen={show}
            answering={state.answering.has(one.id)} />
        ))}
      </ul>
      <p class="fine">Conversations are kept in this browser only. <a href="/licenses">Licences</a></p>
    </nav>
  );
}
