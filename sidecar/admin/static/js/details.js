// One exchange in full: where its time went, attempt by attempt, and the line to repeat it.
import * as api from "./api.js";
import { curl } from "./curl.js";
import { bytes, clock, time } from "./format.js";
import { html, useEffect, useState } from "./html.js";
import { nameOf, segments } from "./segments.js";

function Copy({ text }) {
  const [said, setSaid] = useState("Copy");
  const copy = async (event) => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      // no clipboard without https or loopback: the text is selected instead
      window.getSelection().selectAllChildren(event.target.previousElementSibling);
      setSaid("Selected");
    }
  };
  return html`<button type="button" class="small" data-testid="copy" onClick=${copy}>${said}</button>`;
}

/** Something to paste. */
export function Paste({ text, id }) {
  return html`<div class="paste"><pre data-testid=${id} tabindex="0">${text}</pre><${Copy} text=${text} /></div>`;
}

function useBase(upstream) {
  const [base, setBase] = useState(null);
  useEffect(() => {
    api
      .get("admin/hints")
      .then((all) => setBase(all.find((each) => each.upstream === upstream)?.bases[0]?.url ?? ""))
      .catch(() => setBase(""));
  }, [upstream]);
  return base;
}

function Attempts({ attempts }) {
  if (!attempts?.length) return html`<p class="note">No attempt was made: the upstream did not see it.</p>`;
  return html`<div class="scroll"><table>
    <thead><tr><th>attempt</th><th>began</th><th>took</th><th>came of it</th><th>connection</th></tr></thead>
    <tbody>${attempts.map((each) => html`<tr key=${each.number} data-testid="attempt">
      <th scope="row">${each.number}</th>
      <td>${time(each.began)}</td>
      <td>${each.ended === null ? "–" : time(each.ended - each.began)}</td>
      <td>${each.error ?? each.status ?? "–"}</td>
      <td>${each.reused ? "reused" : `new, ${time(each.dial)}`}</td>
    </tr>`)}</tbody>
  </table></div>`;
}

function Row({ label, children }) {
  return html`<div><dt>${label}</dt><dd>${children}</dd></div>`;
}

export function Details({ exchange, fallback }) {
  const base = useBase(exchange.upstream);
  const waits = Object.entries(exchange.waits ?? {}).filter(([, seconds]) => seconds > 0);
  return html`<div class="details" data-testid="details">
    <p class="path"><b>${exchange.method}</b> <span data-testid="details-target">${exchange.target}</span></p>
    <dl class="facts">
      <${Row} label="answer">${exchange.status ?? "none"}${exchange.error ? ` · ${exchange.error}` : ""}, by the ${exchange.source}${exchange.client_left ? "; the client had left" : ""}<//>
      <${Row} label="route">${exchange.upstream}/${exchange.route}<//>
      <${Row} label="at">${clock(exchange.at, true)}<//>
      <${Row} label="took">${time(exchange.duration)}, first byte after ${time(exchange.first_byte)}, the sidecar itself ${time(exchange.overhead)}<//>
      ${exchange.cache ? html`<${Row} label="cache">${exchange.cache}<//>` : null}
      <${Row} label="bytes">${bytes(exchange.bytes_up)} up, ${bytes(exchange.bytes_down)} down<//>
      ${waits.length ? html`<${Row} label="waits">${waits.map(([kind, seconds]) => `${nameOf(kind)}: ${time(seconds)}`).join("; ")}<//>` : null}
      <${Row} label="id"><code>${exchange.id}</code><//>
    </dl>
    <h3>Where the time went</h3>
    <ul class="trail">${segments(exchange).map((each, index) => html`<li key=${index}><i class=${`segment ${each.kind}${each.bad ? " bad" : ""}`} aria-hidden="true"></i>${nameOf(each.kind, each.number)} <b>${time(each.to - each.from)}</b></li>`)}</ul>
    <h3>Attempts</h3>
    <${Attempts} attempts=${exchange.attempts} />
    <h3>Repeat it</h3>
    ${base === null ? null : html`<${Paste} id="curl" text=${curl(exchange, base || fallback)} />`}
    <p class="note">Headers, bodies and secret query values are never kept: add yours.</p>
  </div>`;
}
