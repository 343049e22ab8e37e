// The system message and the sampling of the open conversation.
import {samplingFields} from "./sampling.js";

export function Settings({conversation, defaults, controller}) {
  const {settings, system} = conversation;
  const set = (name, value) => controller.configure({settings: {...settings, [name]: value}});
  return (
    <form class="settings" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>System message</span>
        <textarea rows={4} value={system} placeholder="How the model should answer"
          onInput={(event) => controller.configure({system: event.currentTarget.value})} />
      </label>
      <p class="fine">System message and sampling belong to this conversation. Empty fields are left to the server.</p>
      {samplingFields.map(({name, label, hint, min, max, step}) => (
        <label key={name}>
          <span>{label}</span>
          <input type="number" min={min} max={max} step={step} value={settings[name] ?? ""}
            placeholder={defaults?.[name] ?? "server's choice"} aria-describedby={`hint-${name}`}
            onInput={(event) => set(name, event.currentTarget.value)} />
          <small id={`hint-${name}`}>{hint}</small>
        </label>
      ))}
      <button type="button" onClick={() => controller.configure({settings: {}})}>Use the server's settings</button>
    </form>
  );
}
