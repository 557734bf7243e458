// Dialogs (native: focus stays inside, Escape closes) and the short messages after an action.
import { cls, html, useEffect, useRef, useState } from "./html.js";

const SHOWN = 6000;

/** What opens dialogs and says what came of actions. `refresh` runs after each. */
export function useDialogs(refresh) {
  const [current, setCurrent] = useState(null);
  const [toasts, setToasts] = useState([]);
  const number = useRef(0);

  const say = (text, tone = "good") => {
    const id = (number.current += 1);
    setToasts((old) => [...old.slice(-3), { id, text, tone }]);
    setTimeout(() => setToasts((old) => old.filter((each) => each.id !== id)), SHOWN);
  };
  return {
    current,
    toasts,
    close: () => setCurrent(null),
    /** A question: {title, text, fields, action, tone, run(values) → what to say}. */
    ask: (question) => setCurrent({ kind: "ask", ...question }),
    /** Something to read: {title, content}. */
    view: (page) => setCurrent({ kind: "view", ...page }),
    say,
    /** Do it at once. `run` gives what to say then. */
    async act(run) {
      try {
        say(await run());
        return true;
      } catch (error) {
        say(error.message, "bad");
        return false;
      } finally {
        refresh();
      }
    },
  };
}

function Field({ field, value, change }) {
  const id = `field-${field.name}`;
  const set = (event) => change(field.name, event.target.value);
  const control = field.options
    ? html`<select id=${id} data-testid=${id} value=${value} onChange=${set}>
        ${field.options.map(([name, text]) => html`<option key=${name} value=${name} selected=${name === value}>${text}</option>`)}
      </select>`
    : html`<input id=${id} data-testid=${id} type="text" maxlength="200" autocomplete="off" placeholder=${field.hint ?? ""} value=${value} onInput=${set} />`;
  return html`<label for=${id}>${field.label}</label>${control}`;
}

function Ask({ question, dialogs }) {
  const fields = question.fields ?? [];
  const start = Object.fromEntries(fields.map((each) => [each.name, each.value ?? ""]));
  const [values, setValues] = useState(start);
  const [busy, setBusy] = useState(false);
  const change = (name, value) => setValues((old) => ({ ...old, [name]: value }));
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    const done = await dialogs.act(() => question.run(values));
    setBusy(false);
    if (done) dialogs.close();
  };
  return html`<form onSubmit=${submit}>
    <h2>${question.title}</h2>
    ${question.text ? html`<p>${question.text}</p>` : null}
    ${question.warning ? html`<p class="warning" data-testid="warning">${question.warning}</p>` : null}
    ${fields.map((each) => html`<${Field} key=${each.name} field=${each} value=${values[each.name]} change=${change} />`)}
    <p class="actions">
      <button type="button" data-testid="cancel" onClick=${dialogs.close}>Cancel</button>
      <button type="submit" class=${question.tone ?? "primary"} data-testid="confirm" disabled=${busy}>${question.action}</button>
    </p>
  </form>`;
}

function View({ page, dialogs }) {
  return html`<div class="view">
    <div class="title">
      <h2>${page.title}</h2>
      <button type="button" data-testid="close" aria-label="Close" onClick=${dialogs.close}>✕</button>
    </div>
    ${page.content}
  </div>`;
}

export function Dialogs({ dialogs }) {
  const box = useRef(null);
  const { current } = dialogs;
  useEffect(() => {
    if (current && !box.current.open) box.current.showModal();
    if (!current && box.current.open) box.current.close();
  }, [current]);
  const outside = (event) => event.target === box.current && dialogs.close();
  return html`
    <dialog ref=${box} class=${current?.kind} data-testid="dialog" aria-label=${current?.title} onClose=${dialogs.close} onClick=${outside}>
      ${current?.kind === "ask" ? html`<${Ask} question=${current} dialogs=${dialogs} />` : null}
      ${current?.kind === "view" ? html`<${View} page=${current} dialogs=${dialogs} />` : null}
    </dialog>
    <div class="toasts" role="status" aria-live="polite" data-testid="toasts">
      ${dialogs.toasts.map(({ id, text, tone }) => html`<p key=${id} class=${cls("toast", tone)}>${text}</p>`)}
    </div>
  `;
}
