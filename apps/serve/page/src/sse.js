// Server-sent events (HTML living standard, 9.2) from pieces of text that end anywhere.

export class EventParser {
  #rest = "";
  #name = "";
  #data = [];

  /** Takes the next piece. Returns the events that it completes, each {name, data}; name is "" where none was given. */
  push(text) {
    let all = this.#rest + text;
    const held = all.endsWith("\r") ? "\r" : "";  // a line feed may follow in the next piece
    if (held) all = all.slice(0, -1);
    const lines = all.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + held;
    return lines.map((line) => this.#take(line)).filter(Boolean);
  }

  #take(line) {
    if (line === "") {
      const event = this.#data.length > 0 ? {name: this.#name, data: this.#data.join("\n")} : null;
      this.#name = "";
      this.#data = [];
      return event;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    if (field === "event") this.#name = value;
    return null;
  }
}
