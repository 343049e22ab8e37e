// Text of a model as safe HTML: Markdown is rendered, HTML in it is shown as text, and the result is sanitised.
import DOMPurify from "dompurify";
import highlighter from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import {Marked} from "marked";

const languages = {bash, cpp, css, diff, go, java, javascript, json, python, rust, sql, typescript, xml, yaml};
for (const [name, language] of Object.entries(languages)) highlighter.registerLanguage(name, language);

const escapes = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"};
const escaped = (text) => text.replace(/[&<>"']/g, (letter) => escapes[letter]);

function codeBlock({text, lang}) {
  const name = (lang ?? "").trim().split(/\s/)[0].toLowerCase();
  const body = highlighter.getLanguage(name) ? highlighter.highlight(text, {language: name}).value : escaped(text);
  return `<div class="code"><div class="code-head"><span>${escaped(name || "text")}</span>` +
    `<button type="button" data-copy="code">Copy code</button></div><pre tabindex="0"><code>${body}</code></pre></div>`;
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    code: codeBlock,
    html: ({text}) => escaped(text),
    checkbox: ({checked}) => (checked ? "☑ " : "☐ "),
    // Nothing is loaded from other servers: a picture becomes a link.
    image: ({href, text}) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
  },
});

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

const allowed = {
  ALLOWED_TAGS: ["a", "b", "blockquote", "br", "button", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "li", "ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"],
  ALLOWED_ATTR: ["align", "class", "data-copy", "href", "start", "tabindex", "type"],
  ALLOW_DATA_ATTR: false,
};

export function htmlOf(text) {
  return DOMPurify.sanitize(marked.parse(text), allowed);
}
