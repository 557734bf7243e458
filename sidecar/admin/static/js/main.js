// Starts the page.
import { App } from "./app.js";
import { html, render } from "./html.js";
import * as settings from "./settings.js";

settings.show(settings.theme());
render(html`<${App} />`, document.getElementById("app"));
