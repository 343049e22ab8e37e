// To the clipboard. Browsers offer it only to pages from this machine or over TLS; elsewhere the old command serves.

/** Returns whether it worked. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "spoken";
  document.body.append(area);
  area.select();
  const worked = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return worked;
}

/** Buttons of code blocks, which are text of rendered Markdown: one listener for all of them. */
export function copyCodeOnClick(root) {
  root.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    const code = button?.closest(".code")?.querySelector("pre");
    if (!code) return;
    button.textContent = await copyText(code.textContent) ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = "Copy code"; }, 1500);
  });
}
