// Conversations, as values that are never changed in place, and how the browser keeps them: one entry per conversation.
import {samplingOf} from "./sampling.js";

const prefix = "brim.conversation.";
export const untitled = "New conversation";

export function newConversation(id, now, from = {}) {
  return {id, title: untitled, named: false, updated: now, system: from.system ?? "", settings: {...from.settings}, messages: []};
}

/** The first line of a text, short enough for a list. */
export function titleOf(text) {
  const line = text.trim().split("\n")[0].trim();
  return line.length <= 48 ? line || untitled : line.slice(0, 47).trimEnd() + "…";
}

/** All kept conversations, the last used first. Entries that are damaged are left out, and left alone. */
export function loadConversations(storage) {
  const found = [];
  for (let i = 0; i < storage.length; ++i) {
    const key = storage.key(i);
    if (!key.startsWith(prefix)) continue;
    try {
      const kept = JSON.parse(storage.getItem(key));
      if (prefix + kept.id === key && Array.isArray(kept.messages) && kept.messages.every(isMessage)) {
        found.push({...newConversation(kept.id, 0), ...kept});
      }
    } catch {
      // Written by another program, or cut off.
    }
  }
  return found.sort((a, b) => b.updated - a.updated);
}

function isMessage(message) {
  return ["user", "assistant"].includes(message?.role) && typeof message.content === "string";
}

/** Throws what the storage throws where it is full. */
export function saveConversation(storage, conversation) {
  storage.setItem(prefix + conversation.id, JSON.stringify(conversation));
}

export function removeConversation(storage, id) {
  storage.removeItem(prefix + id);
}

export function renamed(conversation, title) {
  const text = title.trim();
  return text === "" ? conversation : {...conversation, title: titleOf(text), named: true};
}

/** With another message of the user at its end. */
export function asked(conversation, text, now) {
  const title = conversation.named || conversation.messages.length > 0 ? conversation.title : titleOf(text);
  return {...conversation, title, updated: now, messages: [...conversation.messages, {role: "user", content: text}]};
}

/** With another text in place of the user's message at `index`, and nothing after it. */
export function edited(conversation, index, text, now) {
  const before = {...conversation, messages: conversation.messages.slice(0, index)};
  return asked(before, text, now);
}

/** Without the answers at its end: up to the last message of the user. */
export function unanswered(conversation) {
  const end = conversation.messages.findLastIndex(({role}) => role === "user");
  return {...conversation, messages: conversation.messages.slice(0, end + 1)};
}

/** With `change` applied to its last message. */
export function withLast(conversation, change) {
  const messages = conversation.messages.slice();
  messages.push({...messages.pop(), ...change});
  return {...conversation, messages};
}

/** The body of a request for the next answer. Thinking, and answers without a text, are not sent back. */
export function requestBody(conversation, model) {
  const messages = conversation.messages
    .filter(({role, content}) => role === "user" || content !== "")
    .map(({role, content}) => ({role, content}));
  if (conversation.system.trim() !== "") messages.unshift({role: "system", content: conversation.system});
  return {
    ...(model ? {model} : {}),
    messages,
    stream: true,
    stream_options: {include_usage: true},
    ...samplingOf(conversation.settings),
  };
}
