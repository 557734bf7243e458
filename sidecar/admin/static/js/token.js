// Asks for the token of `admin.token`. It is kept in this tab only (sessionStorage).
import * as api from "./api.js";
import { html, useState } from "./html.js";

export function TokenForm({ refresh }) {
  const [token, setToken] = useState("");
  const [tried, setTried] = useState(api.hasToken());
  const enter = (event) => {
    event.preventDefault();
    if (!token.trim()) return;
    api.enterToken(token.trim());
    setToken("");
    setTried(true);
    refresh();
  };
  return html`<main class="locked">
    <form class="panel" onSubmit=${enter}>
      <img src="static/icon.svg" alt="" width="40" height="40" />
      <h1>This sidecar wants its token</h1>
      <p>It is what <code>admin.token</code> is in its configuration. This tab keeps it until it is closed.</p>
      <label for="token">Token</label>
      <input
        id="token" type="password" autocomplete="off" spellcheck="false" data-testid="token"
        value=${token} onInput=${(event) => setToken(event.target.value)}
      />
      ${tried ? html`<p class="error" role="alert" data-testid="token-wrong">That is not the token.</p>` : null}
      <button class="primary" type="submit" data-testid="token-enter">Show the dashboard</button>
    </form>
  </main>`;
}
