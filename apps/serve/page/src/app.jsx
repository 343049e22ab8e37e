// The page as a whole.
import {useEffect, useLayoutEffect, useReducer, useRef, useState} from "preact/hooks";
import {Composer} from "./composer.jsx";
import {Icon, IconButton} from "./icons.jsx";
import {KeyForm} from "./key.jsx";
import {Memory, memoryWords} from "./memory.jsx";
import {Messages} from "./messages.jsx";
import {Settings} from "./settings.jsx";
import {Sidebar} from "./sidebar.jsx";

const nearPx = 120;  // as far from its end a conversation still follows an answer that grows

function Model({state, controller}) {
  if (state.models.length < 2) return <span class="model">{state.model}</span>;
  return (
    <select class="model" aria-label="Model" value={state.model}
      onChange={(event) => controller.chooseModel(event.currentTarget.value)}>
      {state.models.map((model) => <option key={model} value={model}>{model}</option>)}
    </select>
  );
}

function Top({state, controller, panel, setPanel, openList}) {
  const toggle = (name) => setPanel(panel === name ? "" : name);
  return (
    <header class="top">
      <span class="narrow-only"><IconButton icon="menu" label="Conversations" onClick={openList} /></span>
      <div class="names">
        <h1>{controller.conversation.title}</h1>
        <Model state={state} controller={controller} />
      </div>
      <button type="button" class="tool" aria-expanded={panel === "memory"} onClick={() => toggle("memory")}>
        <Icon name="memory" /> <span>{memoryWords(state.seats)}</span>
      </button>
      <button type="button" class="tool" aria-expanded={panel === "settings"} aria-label="Settings"
        onClick={() => toggle("settings")}>
        <Icon name="settings" /> <span class="wide-only">Settings</span>
      </button>
    </header>
  );
}

function Panel({name, state, controller, onClose}) {
  const {conversation} = controller;
  const title = name === "memory" ? "Memory" : "Settings";
  return (
    <aside class="panel" aria-label={title}>
      <div class="panel-head"><h2>{title}</h2><IconButton icon="close" label={`Close ${title}`} onClick={onClose} /></div>
      {name === "memory"
        ? <Memory state={state} conversation={conversation} controller={controller} />
        : <Settings conversation={conversation} defaults={state.props?.operator_settings} controller={controller} />}
    </aside>
  );
}

function Welcome({model}) {
  return (
    <div class="welcome">
      <img src="/icon.svg" alt="" width="56" height="56" />
      <h2>What would you like to talk about?</h2>
      <p>{model ? `${model} answers on your own machine, inside the memory that it was given.` : "Connecting to the server…"}</p>
    </div>
  );
}

/** Follows a growing text while its end is in sight. */
function useFollowing(conversation) {
  const view = useRef(null);
  const near = useRef(true);
  useLayoutEffect(() => { near.current = true; }, [conversation.id]);
  useLayoutEffect(() => {
    if (near.current) view.current?.scrollTo(0, view.current.scrollHeight);
  }, [conversation]);
  const onScroll = () => {
    const {scrollHeight, scrollTop, clientHeight} = view.current;
    near.current = scrollHeight - scrollTop - clientHeight < nearPx;
  };
  return {view, onScroll};
}

export function App({controller}) {
  const [, update] = useReducer((count) => count + 1, 0);
  const [listOpen, setListOpen] = useState(false);
  const [panel, setPanel] = useState("");
  const {state, conversation} = controller;
  const answering = state.answering.has(conversation.id);
  const {view, onScroll} = useFollowing(conversation);
  useEffect(() => controller.subscribe(update), [controller]);
  useEffect(() => {
    const onEscape = ({key}) => {
      if (key !== "Escape") return;
      if (listOpen) setListOpen(false);
      else if (answering) controller.stop();
      else setPanel("");
    };
    document.addEventListener("keydown", onEscape);
    return () => document.removeEventListener("keydown", onEscape);
  }, [listOpen, answering]);
  return (
    <div class={panel ? "layout with-panel" : "layout"}>
      <Sidebar controller={controller} state={state} open={listOpen} onClose={() => setListOpen(false)} />
      {listOpen && <div class="shade" onClick={() => setListOpen(false)} />}
      <main>
        <Top state={state} controller={controller} panel={panel} setPanel={setPanel} openList={() => setListOpen(true)} />
        {state.needsKey ? <KeyForm controller={controller} problem={state.problem} /> : (
          <>
            <div class="view" ref={view} onScroll={onScroll}>
              {conversation.messages.length === 0
                ? <Welcome model={state.model} />
                : <Messages key={conversation.id} conversation={conversation} answering={answering} controller={controller} />}
            </div>
            <div class="foot">
              {state.problem && (
                <p class="problem" role="alert">
                  {state.problem} <button type="button" onClick={() => void controller.connect()}>Try again</button>
                </p>
              )}
              <Composer answering={answering} current={state.current} onSend={(text) => void controller.send(text)}
                onStop={() => controller.stop()} />
            </div>
          </>
        )}
        <p class="spoken" role="status">{state.status}</p>
      </main>
      {panel && !state.needsKey && <Panel name={panel} state={state} controller={controller} onClose={() => setPanel("")} />}
    </div>
  );
}
