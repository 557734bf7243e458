// The empty state: no call has come yet, so here are the lines to paste for each SDK.
import * as api from "./api.js";
import { Paste } from "./details.js";
import { html, useEffect, useState } from "./html.js";

/** What stands between backticks is code. */
const withCode = (text) =>
  text.split("`").map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));

function useHints() {
  const [hints, setHints] = useState([]);
  useEffect(() => {
    api.get("admin/hints").then(setHints).catch(() => setHints([]));
  }, []);
  return hints;
}

function Lines({ hint }) {
  const [index, setIndex] = useState(0);
  const client = hint.clients[index];
  if (!client) return html`<p class="note">On a Unix socket only, which httpx, aiohttp and curl can use.</p>`;
  return html`
    <p class="segmented wrap" role="group" aria-label=${`Client for ${hint.upstream}`}>
      ${hint.clients.map((each, at) => html`<button
        type="button" key=${each.name} aria-pressed=${String(at === index)} onClick=${() => setIndex(at)}
      >${each.name}</button>`)}
    </p>
    <${Paste} id="hint-lines" text=${client.lines} />
    ${client.notes.length ? html`<ul class="note">${client.notes.map((note) => html`<li key=${note}>${withCode(note)}</li>`)}</ul>` : null}
  `;
}

export function Empty() {
  const hints = useHints();
  return html`<section class="panel empty" aria-label="How to begin" data-testid="empty">
    <header><h2>No call has come yet</h2></header>
    <p>Point a client at the sidecar, and what it does is seen here two seconds later.</p>
    <div class="hints">${hints.map((hint) => html`<article key=${hint.upstream} data-testid="hint" data-name=${hint.upstream}>
      <h3>${hint.upstream} ${hint.bases[0] ? html`<code>${hint.bases[0].url}</code>` : null}</h3>
      <${Lines} hint=${hint} />
    </article>`)}</div>
  </section>`;
}
