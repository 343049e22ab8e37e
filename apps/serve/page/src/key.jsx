// Asks for the API key, where the server needs one. It is kept until the tab is closed.
import {useState} from "preact/hooks";

export function KeyForm({controller, problem}) {
  const [key, setKey] = useState("");
  return (
    <form class="key" onSubmit={(event) => { event.preventDefault(); void controller.useKey(key); }}>
      <h2>This server needs a key</h2>
      <p>Whoever runs the server has it, in the file of --api-key-file. It is kept until this tab is closed.</p>
      <label>
        <span>Key</span>
        <input type="password" autocomplete="off" required value={key} ref={(input) => input?.focus()}
          onInput={(event) => setKey(event.currentTarget.value)} />
      </label>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <button type="submit" class="primary">Connect</button>
    </form>
  );
}
