// Starts the page.
import {render} from "preact";
import {App} from "./app.jsx";
import {Controller} from "./controller.js";
import {copyCodeOnClick} from "./copying.js";
import {Server} from "./server.js";

const controller = new Controller(new Server((...request) => fetch(...request)), localStorage, sessionStorage);
render(<App controller={controller} />, document.body);
copyCodeOnClick(document.body);
addEventListener("storage", () => controller.reload());
void controller.connect();
