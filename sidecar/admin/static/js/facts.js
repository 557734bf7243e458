// What a card says in sentences: cache, retries, pool, limit, pace, tokens, bytes.
import { bytes, count, factor, percent, time } from "./format.js";
import { Num } from "./figure.js";
import { html } from "./html.js";

function Fact({ label, title, children }) {
  return html`<div title=${title}><dt>${label}</dt><dd>${children}</dd></div>`;
}

function Cache({ cache }) {
  if (!cache || cache.hits + cache.misses + cache.stale === 0) return null;
  return html`<${Fact} label="cache" title="time saved: hits × the median time that the upstream takes for misses">
    <${Num} id="cache-ratio" value=${cache.ratio} text=${percent(cache.ratio)} /> hits,
    ${" "}<${Num} id="cache-saved" value=${cache.seconds_saved} text=${time(cache.seconds_saved)} /> saved (estimated)
    ${cache.stale ? html`, <${Num} id="cache-stale" value=${cache.stale} text=${count(cache.stale)} /> stale` : null}
  <//>`;
}

function Retries({ retries }) {
  return html`<${Fact} label="retries" title="amplification: attempts for each call">
    <${Num} id="rescued" value=${retries.rescued} text=${count(retries.rescued)} /> rescued,
    ${" "}<${Num} id="wasted" value=${retries.wasted} text=${count(retries.wasted)} /> wasted,
    ${" "}<${Num} id="amplification" value=${retries.amplification} text=${factor(retries.amplification)} />
  <//>`;
}

function Pool({ pool }) {
  return html`<${Fact} label="pool">
    <${Num} id="pool-open" value=${pool.open} text=${count(pool.open)} /> of ${pool.max ?? "any number of"} open,
    ${" "}<${Num} id="pool-idle" value=${pool.idle} text=${count(pool.idle)} /> idle${pool.waiting ? html`, <b class="warn" data-testid="pool-waiting">${count(pool.waiting)} wait</b>` : null}
  <//>`;
}

function Limit({ limit }) {
  return html`<${Fact} label="limit">
    <${Num} id="limit-inflight" value=${limit.inflight} text=${count(limit.inflight)} /> of
    ${" "}<${Num} id="limit" value=${limit.limit} text=${count(limit.limit)} /> in flight${limit.waiting ? html`, <b class="warn">${count(limit.waiting)} wait</b>` : null}
  <//>`;
}

function Paces({ paces }) {
  return html`<${Fact} label="pace" title="calls that wait for their turn">
    ${paces.map(({ name, waiting }, index) => html`<span key=${name}>${index ? ", " : ""}${name} <${Num} id=${`pace-${name}`} value=${waiting} text=${waiting ? `${count(waiting)} wait` : "free"} /></span>`)}
  <//>`;
}

function Tokens({ tokens }) {
  return html`<${Fact} label="tokens" title="input and output as the provider counted them, and input that its own cache held">
    <${Num} id="tokens-input" value=${tokens.input} text=${count(tokens.input)} /> in,
    ${" "}<${Num} id="tokens-output" value=${tokens.output} text=${count(tokens.output)} /> out,
    ${" "}<${Num} id="tokens-cached" value=${tokens.cached} text=${count(tokens.cached)} /> cached
  <//>`;
}

export function Facts({ upstream }) {
  const { cache, retries, pool, limit, paces, tokens } = upstream;
  return html`<dl class="facts">
    <${Cache} cache=${cache} />
    ${retries ? html`<${Retries} retries=${retries} />` : null}
    ${pool ? html`<${Pool} pool=${pool} />` : null}
    ${limit ? html`<${Limit} limit=${limit} />` : null}
    ${paces?.length ? html`<${Paces} paces=${paces} />` : null}
    ${tokens ? html`<${Tokens} tokens=${tokens} />` : null}
    <${Fact} label="bytes">${bytes(upstream.bytes?.up)} up, ${bytes(upstream.bytes?.down)} down<//>
  </dl>`;
}
