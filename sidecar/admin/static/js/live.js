// What the page knows: the last summary, the last exchanges, and whether somebody answers.
import * as api from "./api.js";
import { useEffect, useRef, useState } from "./html.js";
import { poller } from "./poll.js";

const EVERY = 2000;
export const MOST_EXCHANGES = 200;

/** Exchanges newest first, after a page of new ones; all anew when the sidecar has begun anew. */
export function merged(old, page) {
  const fresh = [...page.exchanges].reverse();
  const seen = new Set(fresh.map((each) => each.seq));
  return [...fresh, ...old.filter((each) => !seen.has(each.seq))].slice(0, MOST_EXCHANGES);
}

/**
 * Poll for as long as the page is there.
 * @param span "1m", "5m" or "15m".
 * @param filter {upstream, status}: of the exchanges.
 */
export function useLive(span, filter) {
  const [state, setState] = useState({ summary: null, received: 0, exchanges: [], missed: false });
  const [link, setLink] = useState({ status: "starting", since: Date.now() });
  const asked = useRef({});
  const poll = useRef(null);
  const cursor = useRef({ after: 0, uptime: 0, since: null, key: "" });
  asked.current = { span, filter };

  useEffect(() => {
    async function round() {
      const { span, filter } = asked.current;
      const summary = await api.get("admin/summary", { window: span });
      const at = cursor.current;
      const key = JSON.stringify(filter);
      const anew = summary.uptime < at.uptime || key !== at.key;
      const after = anew ? 0 : at.after;
      const page = await api.get("admin/exchanges", { after, limit: MOST_EXCHANGES, ...filter });
      if (key !== JSON.stringify(asked.current.filter)) return; // chosen anew meanwhile
      const since = page.since ?? null;
      const again = page.last < after || (at.since !== null && since !== at.since); // from 1 again
      const next = again && !anew ? 0 : page.last;
      cursor.current = { after: next, uptime: summary.uptime, since, key };
      setState((old) => ({
        summary,
        received: Date.now(),
        exchanges: merged(anew || again ? [] : old.exchanges, page),
        missed: page.dropped && after > 0,
      }));
    }
    poll.current = poller(round, EVERY, setLink);
    return () => poll.current.stop();
  }, []);

  const first = useRef(true);
  useEffect(() => {
    if (!first.current) poll.current.now();
    first.current = false;
  }, [span, filter.upstream, filter.status]);

  return { ...state, link, refresh: () => poll.current.now(), pause: (v) => poll.current.pause(v) };
}

/** The time in milliseconds, anew every so often: for countdowns between two polls. */
export function useNow(every = 500) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
