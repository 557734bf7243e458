// The queue of deliveries: how deep, how old, and the dead letters, with what can be done about them.
import * as api from "./api.js";
import { age, bytes, clock, count } from "./format.js";
import { Chip, Figure } from "./figure.js";
import { html, useEffect, useState } from "./html.js";
import { deadLetters, waiting } from "./strip.js";

const EVERY = 4000;
const SHOWN = 50;
const SAFE = ["failed", "expired"];
const UNKNOWN =
  "Nobody knows whether the provider acted on it. If it did, sending it again does it twice, unless " +
  "the call has an idempotency key that the provider honours.";
const NO_DOUBT = "It was refused or never arrived, as far as is known.";

function useLetters(paused, version) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    let gone = false;
    const ask = async () => {
      if (document.hidden || paused) return;
      try {
        const page = await api.get("admin/queue", { state: "failed,expired,unknown", limit: SHOWN });
        if (!gone) setFound(page);
      } catch {
        // the page's own poll says that nobody answers
      }
    };
    ask();
    const timer = setInterval(ask, EVERY);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [paused, version]);
  return found;
}

function asking(dialogs, again) {
  const one = (letter, action, path, done, more) =>
    dialogs.ask({
      title: `${action} ${letter.method} ${letter.target}?`,
      action,
      ...more,
      run: async (values) => {
        await api.post(`admin/queue/${encodeURIComponent(letter.id)}/${path}`, values);
        again();
        return `${letter.method} ${letter.target} ${done}`;
      },
    });
  const all = (state, action, path, more) =>
    dialogs.ask({
      title: `${action} all that are ${state}?`,
      action,
      ...more,
      run: async (values) => {
        const done = await api.post(`admin/queue/${path}`, { state, ...values });
        again();
        return Object.entries(done).map(([name, value]) => `${name}: ${value}`).join(", ");
      },
    });
  return {
    replay: (letter) =>
      one(letter, "Send again", "replay", "is sent again", {
        text: letter.state === "unknown" ? "" : NO_DOUBT,
        warning: letter.state === "unknown" ? UNKNOWN : "",
        tone: letter.state === "unknown" ? "danger" : "primary",
      }),
    discard: (letter) =>
      one(letter, "Discard", "discard", "is never sent", {
        text: "It is never sent. This cannot be undone.",
        tone: "danger",
        fields: [{ name: "reason", label: "Reason", hint: "is written to the audit log" }],
      }),
    replayAll: (state) =>
      all(state, "Send again", "replay", {
        warning: state === "unknown" ? UNKNOWN : "",
        tone: state === "unknown" ? "danger" : "primary",
        fields: [{ name: "rate", label: "Not faster than", value: "5/s", options: [["1/s", "1 a second"], ["5/s", "5 a second"], ["20/s", "20 a second"]] }],
      }),
    discardAll: (state) =>
      all(state, "Discard", "discard", {
        text: "They are never sent. This cannot be undone.",
        tone: "danger",
        fields: [{ name: "reason", label: "Reason", hint: "is written to the audit log" }],
      }),
  };
}

function Letter({ letter, act }) {
  const what = `${letter.method} ${letter.target}`;
  return html`<tr data-testid="letter" data-id=${letter.id} data-state=${letter.state}>
    <td><${Chip} tone=${letter.state === "unknown" ? "warn" : "bad"}>${letter.state}<//></td>
    <th scope="row"><span class="path">${what}</span><span class="note">${letter.upstream}/${letter.route}</span></th>
    <td data-testid="letter-reason">${letter.reason ?? ""}${letter.note ? html` <q>${letter.note}</q>` : null}</td>
    <td>${count(letter.attempts)} tried</td>
    <td>${clock(Date.parse(letter.accepted_at) / 1000)}</td>
    <td><span class="buttons">
      <button type="button" class="small" data-testid="replay" aria-label=${`Send again: ${what}`} onClick=${() => act.replay(letter)}>Send again…</button>
      <button type="button" class="small" data-testid="discard" aria-label=${`Discard: ${what}`} onClick=${() => act.discard(letter)}>Discard…</button>
    </span></td>
  </tr>`;
}

function Together({ depth, act }) {
  const states = [...SAFE, "unknown"].filter((state) => depth[state] > 0);
  return html`<p class="buttons together">
    ${states.map((state) => html`<span key=${state} class="pair">
      <${Chip} tone=${state === "unknown" ? "warn" : "bad"}>${state} <b>${count(depth[state])}</b><//>
      <button type="button" class="small" data-testid=${`replay-all-${state}`} onClick=${() => act.replayAll(state)}>Send all again…</button>
      <button type="button" class="small" data-testid=${`discard-all-${state}`} onClick=${() => act.discardAll(state)}>Discard all…</button>
    </span>`)}
  </p>`;
}

export function Queue({ queue, dialogs, paused }) {
  const [version, setVersion] = useState(0);
  const page = useLetters(paused, version);
  const act = asking(dialogs, () => setVersion((old) => old + 1));
  const dead = deadLetters(queue.depth);
  const letters = page?.found ?? [];
  return html`<section class="panel queue" aria-label="Queue" data-testid="queue">
    <header><h2>Queue</h2>
      ${queue.up ? null : html`<${Chip} tone="bad">the spool does not answer<//>`}
      ${page?.replaying ? html`<${Chip} tone="warn">sending again<//>` : null}
      ${page?.durability ? html`<span class="note">${page.durability}</span>` : null}
    </header>
    <dl class="figures">
      <${Figure} id="queue-depth" label="waiting" value=${waiting(queue.depth)} text=${count(waiting(queue.depth))} />
      <${Figure} id="queue-oldest" label="oldest due for" value=${queue.oldest} text=${age(queue.oldest)} />
      <${Figure} id="queue-dead" label="dead letters" value=${dead} text=${count(dead)} tone=${dead ? "bad" : ""} />
      <${Figure} id="queue-bytes" label="on disk" value=${queue.bytes} text=${bytes(queue.bytes)} />
    </dl>
    ${dead ? html`<${Together} depth=${queue.depth} act=${act} />` : null}
    ${letters.length
      ? html`<div class="scroll"><table class="letters">
          <thead class="unseen"><tr><th>state</th><th>call</th><th>reason</th><th>attempts</th><th>accepted</th><th>actions</th></tr></thead>
          <tbody>${letters.map((each) => html`<${Letter} key=${each.id} letter=${each} act=${act} />`)}</tbody>
        </table></div>`
      : html`<p class="note">No dead letters.</p>`}
  </section>`;
}
