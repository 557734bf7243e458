// Decides what the bar of one exchange is made of. Pure: seconds in, segments out.

/** Waits before the first attempt, in the order of the layers. */
const BEFORE = ["held", "paced", "queued"];

const NAMES = {
  pool: "waited for a connection",
  held: "held by the breaker",
  paced: "waited for its turn",
  queued: "waited for a place",
  dial: "connected",
  backoff: "pause before repeating",
  stream: "after the first byte",
  cache: "answered from the cache",
  own: "the sidecar itself",
};

/** What a segment is, for people. */
export const nameOf = (kind, number) => NAMES[kind] ?? `attempt ${number}`;

function* before(waits, until) {
  let at = 0;
  for (const kind of BEFORE) {
    const length = Math.min(waits?.[kind] ?? 0, until - at);
    if (length > 0) {
      yield { kind, from: at, to: at + length };
      at += length;
    }
  }
  if (until > at) yield { kind: "own", from: at, to: until };
}

/** An attempt: waiting for a connection, or opening one, are parts of it. */
function* trying(attempt, to, pool) {
  let at = attempt.began;
  for (const [kind, seconds] of [["pool", pool], ["dial", attempt.dial ?? 0]]) {
    const length = Math.min(seconds, to - at);
    if (length > 0) {
      yield { kind, from: at, to: at + length };
      at += length;
    }
  }
  const bad = attempt.error !== null || attempt.status >= 500 || attempt.status === 429;
  yield { kind: "attempt", number: attempt.number, from: at, to, bad };
}

/**
 * The segments from 0 to the exchange's duration: {kind, from, to, number, bad}.
 * Waits are known by their length only: they are drawn before, or within, the first attempt.
 */
export function segments(exchange) {
  const { attempts, duration, first_byte: firstByte, waits } = exchange;
  if (exchange.source === "cache") return [{ kind: "cache", from: 0, to: duration }];
  if (!attempts?.length) return [...before(waits, duration)];
  const found = [...before(waits, Math.min(attempts[0].began, duration))];
  attempts.forEach((attempt, index) => {
    const last = index === attempts.length - 1;
    const ended = attempt.ended ?? duration;
    const to = last && firstByte !== null ? Math.min(ended, Math.max(firstByte, attempt.began)) : ended;
    found.push(...trying(attempt, to, index === 0 ? (waits?.pool ?? 0) : 0));
    const next = last ? duration : attempts[index + 1].began;
    if (next > to) found.push({ kind: last ? "stream" : "backoff", from: to, to: next });
  });
  return found;
}

/** Seconds that the whole width stands for: the slowest, but not a few streams beyond all others. */
export function scaleOf(exchanges) {
  const sorted = exchanges.map((each) => each.duration).sort((a, b) => a - b);
  if (!sorted.length) return 1;
  const most = sorted.at(-1);
  const usual = sorted[Math.floor((sorted.length - 1) * 0.9)];
  return Math.max(most > usual * 4 ? usual * 1.5 : most, 0.001);
}
