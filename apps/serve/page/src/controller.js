// What the page knows and does, without how it looks. `state` is replaced, never changed in place.
import * as kept from "./conversations.js";

const pauseMs = 60;  // between two pictures of an answer that grows
const keyName = "brim.key", modelName = "brim.model", openName = "brim.open";

export class Controller {
  #server;
  #storage;
  #session;
  #listeners = new Set();
  #silent = false;
  #stops = new Map();  // of answers in progress, by conversation

  /** server: Server; storage, session: the browser's localStorage and sessionStorage. */
  constructor(server, storage, session) {
    this.#server = server;
    this.#storage = storage;
    this.#session = session;
    server.key = session.getItem(keyName) ?? "";
    const conversations = kept.loadConversations(storage);
    const open = session.getItem(openName);
    this.state = {
      conversations,
      current: conversations.some(({id}) => id === open) ? open : null,  // null: a conversation that has not begun
      fresh: kept.newConversation("fresh", 0),
      models: [],
      model: storage.getItem(modelName) ?? "",
      props: null,
      seats: null,     // null: the server does not say
      answering: new Set(),
      needsKey: false,
      problem: "",     // a sentence above the composer
      status: "",      // words that are spoken, not shown
    };
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(change) {
    if (change.current !== undefined && change.current !== this.state.current) {
      this.#session.setItem(openName, change.current ?? "");  // for when the page is loaded again
    }
    this.state = {...this.state, ...change};
    for (const listener of this.#listeners) listener();
  }

  get conversation() {
    return this.state.conversations.find(({id}) => id === this.state.current) ?? this.state.fresh;
  }

  #put(conversation, save = true) {
    const others = this.state.conversations.filter(({id}) => id !== conversation.id);
    const all = [...others, conversation].sort((a, b) => b.updated - a.updated);
    this.#set({conversations: all});
    if (!save) return;
    try {
      kept.saveConversation(this.#storage, conversation);
    } catch {
      this.#set({problem: "The browser's storage is full: this conversation is not kept. Delete older ones."});
    }
  }

  /** Asks the server what it serves; called at the start and with another key. */
  async connect() {
    try {
      const [{data}, props] = await Promise.all([this.#server.get("/v1/models"), this.#server.get("/props")]);
      const models = data.map(({id}) => id);
      const model = models.includes(this.state.model) ? this.state.model : models[0] ?? "";
      this.#set({models, model, props, needsKey: false, problem: ""});
      await this.refreshSeats();
    } catch (failure) {
      this.#fail(failure);
    }
  }

  async useKey(key) {
    this.#server.key = key.trim();
    this.#session.setItem(keyName, this.#server.key);
    await this.connect();
  }

  #fail(failure) {
    if (failure.status === 401) {
      this.#set({needsKey: true, problem: this.#server.key ? "The server does not know this key." : ""});
    } else {
      this.#set({problem: failure.message});
    }
  }

  async refreshSeats() {
    if (this.#silent) return;
    try {
      const seats = await this.#server.get("/slots");
      this.#set({seats: Array.isArray(seats) ? seats : null});
    } catch (failure) {
      this.#silent = failure.status === 404;  // a server that does not say it is not asked again
      this.#set({seats: null});
    }
  }

  chooseModel(model) {
    this.#set({model});
    this.#storage.setItem(modelName, model);
  }

  open(id) { this.#set({current: id, problem: "", status: ""}); }

  begin() {
    const {system, settings} = this.conversation;
    this.#set({current: null, problem: "", fresh: kept.newConversation("fresh", 0, {system, settings})});
  }

  rename(id, title) {
    const found = this.state.conversations.find((one) => one.id === id);
    if (found) this.#put(kept.renamed(found, title));
  }

  remove(id) {
    this.stop(id);
    kept.removeConversation(this.#storage, id);
    this.#set({
      conversations: this.state.conversations.filter((one) => one.id !== id),
      current: this.state.current === id ? null : this.state.current,
      status: "The conversation was deleted.",
    });
  }

  /** Changes the system message or the settings of the open conversation. */
  configure(change) {
    const changed = {...this.conversation, ...change};
    if (this.state.current === null) this.#set({fresh: changed});
    else this.#put(changed);
  }

  send(text) {
    let conversation = this.conversation;
    if (conversation.id === "fresh") conversation = {...conversation, id: crypto.randomUUID()};
    const begun = kept.asked(conversation, text, Date.now());
    this.#set({current: begun.id, fresh: kept.newConversation("fresh", 0)});
    return this.#answer(begun);
  }

  edit(index, text) { return this.#answer(kept.edited(this.conversation, index, text, Date.now())); }
  regenerate() { return this.#answer(kept.unanswered(this.conversation)); }

  stop(id = this.state.current) { this.#stops.get(id)?.abort(); }

  /** Another tab changed what is kept. */
  reload() {
    if (this.state.answering.size === 0) this.#set({conversations: kept.loadConversations(this.#storage)});
  }

  async #answer(asked) {
    const {id} = asked;
    if (this.#stops.has(id)) return;
    const stop = new AbortController();
    this.#stops.set(id, stop);
    this.#put(asked);
    this.#set({answering: new Set(this.#stops.keys()), problem: "", status: "The answer begins."});
    let answer = {role: "assistant", content: "", reasoning: ""};
    const show = (save) => {
      const now = this.state.conversations.find((one) => one.id === id);
      if (!now) return;  // deleted meanwhile
      const messages = [...asked.messages, answer];
      this.#put({...now, messages}, save);
    };
    let shown = 0;
    try {
      for await (const chunk of this.#server.answer(kept.requestBody(asked, this.state.model), stop.signal)) {
        answer = extended(answer, chunk);
        if (Date.now() - shown < pauseMs) continue;
        shown = Date.now();
        show(false);
      }
      this.#set({status: answer.end === "length" ? "The answer reached its limit." : "The answer is complete."});
    } catch (failure) {
      answer = this.#ended(answer, failure);
    }
    this.#stops.delete(id);
    if (answer.content || answer.reasoning || answer.error || answer.stopped) show(true);
    this.#set({answering: new Set(this.#stops.keys())});
    await this.refreshSeats();
  }

  #ended(answer, failure) {
    if (failure.name === "AbortError") {
      this.#set({status: "The answer was stopped."});
      return {...answer, stopped: true};
    }
    if (failure.status === 401) {
      this.#fail(failure);
      return answer;
    }
    return {...answer, error: failure.message};
  }
}

function extended(answer, {choices, usage}) {
  const choice = choices?.[0];
  const delta = choice?.delta ?? {};
  return {
    ...answer,
    content: answer.content + (delta.content ?? ""),
    reasoning: answer.reasoning + (delta.reasoning_content ?? ""),
    ...(choice?.finish_reason ? {end: choice.finish_reason} : {}),
    ...(usage ? {usage} : {}),
  };
}
