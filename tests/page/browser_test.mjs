// The page in a real browser against the real server: what people do with it, at two widths, and by keyboard alone.
import {deepEqual, equal, match, ok} from "node:assert/strict";
import {after, before, test} from "node:test";
import {openBrowser, serve} from "./serving.mjs";

const browser = await openBrowser();  // skips the suite
let server;
before(async () => { server = await serve(["--seats", "2", "--kv-budget", "4MiB"]); });
after(async () => {
  await browser.close();
  await server.stop();
});

/** Calls `steps` with a fresh page; no error may show in its console. */
async function onPage(viewport, steps, url = server.url) {
  const context = await browser.newContext({viewport});
  const page = await context.newPage();
  const errors = [];
  page.on("console", (line) => { if (line.type() === "error") errors.push(line.text()); });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.setDefaultTimeout(30_000);
  await page.route("**/v1/chat/completions", (route) => {  // an answer without a limit does not end by itself
    const body = {max_tokens: 1_000_000, ...route.request().postDataJSON(), ignore_eos: true};
    return route.continue({postData: JSON.stringify(body)});
  });
  await page.goto(url + "/");
  await page.getByRole("textbox").first().waitFor();
  await steps(page, errors);
  deepEqual(errors, []);
  await context.close();
}

const wide = {width: 1280, height: 800}, narrow = {width: 360, height: 740};
const message = (page) => page.getByLabel("Message", {exact: true});
const answers = (page) => page.getByRole("article", {name: "Answer"});
async function complete(page, count) {
  await answers(page).nth(count - 1).getByRole("button", {name: "Regenerate"}).waitFor();
  equal(await answers(page).count(), count);
}

async function shortAnswers(page) {
  await page.getByRole("button", {name: "Settings"}).click();
  await page.getByLabel("Longest answer").fill("16");
  await page.getByLabel("Temperature").fill("0");
  await page.getByRole("button", {name: "Close Settings"}).click();
}

async function send(page, text) {
  await message(page).fill(text);
  await message(page).press("Enter");
}

test("send, answer, regenerate, edit and reload", () => onPage(wide, async (page) => {
  await shortAnswers(page);
  await send(page, "My name is Ann.");
  await complete(page, 1);
  const first = await answers(page).locator(".markdown").innerText();
  ok(first.trim() !== "");
  match(await answers(page).innerText(), /reached its limit · 16 tokens/);
  await page.getByRole("button", {name: "Regenerate"}).click();
  await complete(page, 1);
  await send(page, "What is my name?");
  await complete(page, 2);
  await page.getByRole("article", {name: "You"}).first().getByRole("button", {name: "Edit"}).click();
  await page.getByLabel("Edit your message").fill("My name is Bob.");
  await page.getByRole("button", {name: "Send again"}).click();
  await complete(page, 1);
  equal(await page.getByRole("article", {name: "You"}).locator(".bubble").innerText(), "My name is Bob.");
  await page.reload();
  await complete(page, 1);
  equal(await page.getByRole("heading", {level: 1}).innerText(), "My name is Bob.");
  await page.getByRole("button", {name: "New conversation"}).click();
  await page.getByRole("button", {name: "My name is Bob.", exact: true}).click();
  await complete(page, 1);
}));

test("an answer grows while it comes, and stops", () => onPage(wide, async (page) => {
  await send(page, "Tell me a story.");
  const text = answers(page).locator(".markdown");
  await text.waitFor();
  const early = (await text.innerText()).length;
  await page.waitForFunction((length) => document.querySelector(".markdown").innerText.length > length, early);
  // Not a click by the pointer: the page moves on while an answer comes faster than it is drawn.
  await page.getByRole("button", {name: /^Stop the answer/}).dispatchEvent("click");
  await page.getByText("stopped", {exact: false}).first().waitFor();
  equal(await page.getByRole("status").innerText(), "The answer was stopped.");
  await shortAnswers(page);
  await send(page, "Go on.");
  await complete(page, 2);
}));

test("conversations are renamed and deleted", () => onPage(wide, async (page) => {
  await shortAnswers(page);
  await send(page, "First");
  await complete(page, 1);
  await page.getByRole("button", {name: "New conversation"}).click();
  await send(page, "Second");
  await complete(page, 1);
  await page.getByRole("button", {name: "First", exact: true}).hover();  // shows its buttons
  await page.getByRole("button", {name: "Rename “First”"}).click();
  await page.getByLabel("Name of the conversation").fill("Renamed");
  await page.keyboard.press("Enter");
  await page.getByRole("button", {name: "Delete “Second”"}).click();
  await page.getByRole("button", {name: "Delete", exact: true}).click();
  const names = page.locator(".sidebar .name");
  deepEqual(await names.allInnerTexts(), ["Renamed"]);
}));

test("at 360 pixels nothing is cut off", () => onPage(narrow, async (page) => {
  await shortAnswers(page);
  await send(page, `Hello ${"long".repeat(40)}`);
  await complete(page, 1);
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  equal(await overflow(), 0);
  for (const name of ["Memory", "Settings"]) {
    await page.getByRole("button", {name: new RegExp(`^${name}`)}).click();
    const box = await page.getByRole("complementary", {name}).boundingBox();
    ok(box.x >= 0 && box.x + box.width <= narrow.width, `${name}: ${JSON.stringify(box)}`);
    await page.getByRole("button", {name: `Close ${name}`}).click();
  }
  await page.getByRole("button", {name: "Conversations"}).click();
  await page.getByRole("button", {name: "New conversation"}).click();
  ok(!await page.getByRole("navigation").isVisible());
  for (const button of await page.locator("main button:visible").all()) {
    const box = await button.boundingBox();
    ok(box.x >= 0 && box.x + box.width <= narrow.width, await button.innerText());
  }
}));

/** Tabs until the focused element has this name. */
async function tabTo(page, name) {
  const passed = new Set();
  for (let step = 0; step < 60; ++step) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const at = document.activeElement;
      if (at === document.body) return "";
      return at.getAttribute("aria-label") ?? at.labels?.[0]?.innerText ?? at.innerText;
    });
    if (found?.includes(name)) return;
    passed.add(found);
  }
  throw new Error(`no number of tabs leads to ${name}, only to ${[...passed].join(" | ")}`);
}

test("everything can be done by keyboard", () => onPage(wide, async (page) => {
  equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Message");
  await page.keyboard.type("A story, please.");
  await page.keyboard.press("Enter");
  await answers(page).locator(".markdown").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("stopped", {exact: false}).first().waitFor();
  await tabTo(page, "Settings");
  await page.keyboard.press("Enter");
  await tabTo(page, "Longest answer");
  await page.keyboard.type("8");
  await page.keyboard.press("Escape");
  await tabTo(page, "Regenerate");
  await page.keyboard.press("Enter");
  await complete(page, 1);
  await tabTo(page, "Edit");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("A poem, please.");
  await page.keyboard.press("Enter");
  await complete(page, 1);
  await tabTo(page, "Delete “A poem, please.”");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.getByText("What would you like to talk about?").waitFor();
}));

test("text of a model cannot become a page", () => onPage(wide, async (page) => {
  const hostile = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![p](https://example.org/p.png)\n" +
    "<button data-copy=1>x</button>\n\n```js\nlet a = '<script>';\n```";
  await page.route("**/v1/chat/completions", (route) => route.fulfill({contentType: "text/event-stream",
    body: `data: ${JSON.stringify({choices: [{index: 0, delta: {content: hostile}}]})}\n\ndata: [DONE]\n\n`}));
  await send(page, "Hello");
  await complete(page, 1);
  const found = await page.locator(".markdown").evaluate((at) => ({
    images: at.querySelectorAll("img").length, buttons: at.querySelectorAll("button").length,
    links: [...at.querySelectorAll("a")].map((link) => link.getAttribute("href")), code: at.querySelector("pre").textContent}));
  deepEqual(found, {images: 0, buttons: 1, links: [null, "https://example.org/p.png"], code: "let a = '<script>';"});
}));

const screenshots = process.env.BRIM_SCREENSHOTS;
test("a picture for the documentation", {skip: !screenshots}, () => onPage({width: 1180, height: 660}, async (page) => {
  await page.unroute("**/v1/chat/completions");
  for (const [index, text] of ["My name is Ann.", "Tell me a story.", "What is my name?"].entries()) {
    await send(page, text);
    await complete(page, index + 1);
  }
  await page.getByRole("button", {name: /^Memory/}).click();
  await page.waitForTimeout(1000);
  await page.screenshot({path: `${screenshots}/page.png`});
}));

test("errors are sentences", () => onPage(wide, async (page) => {
  await page.route("**/v1/chat/completions", (route) => route.fulfill({contentType: "text/event-stream",
    body: 'event: error\ndata: {"error": {"message": "out of memory"}}\n\n'}));
  await send(page, "Hello");
  await page.getByRole("alert").getByText("Out of memory.").waitFor();
}));
