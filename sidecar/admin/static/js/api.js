// Calls of the admin listener. URLs are relative, so that the page works below any path prefix.
const TOKEN = "sidecar.token";
const PATIENCE = 10000;

/** The listener wants a token, or another one than this page has. */
export class Locked extends Error {}

/** The listener refused: `status`, and its message. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function session() {
  try {
    return window.sessionStorage;
  } catch {
    return null; // a browser that keeps nothing: the token then lives as long as the page
  }
}

let remembered = session()?.getItem(TOKEN) ?? null;

/** Keep a token for as long as the tab is open. */
export function enterToken(token) {
  remembered = token;
  try {
    session()?.setItem(TOKEN, token);
  } catch {
    // full, or forbidden; see above
  }
}

/** Whether a token was entered. */
export const hasToken = () => remembered !== null;

async function call(method, path, body) {
  const headers = { Accept: "application/json" };
  if (remembered !== null) headers.Authorization = `Bearer ${remembered}`;
  if (method !== "GET") {
    headers["X-Sidecar-Admin"] = "1";
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, {
    method,
    headers,
    body: body && JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.status === 401) throw new Locked("the admin listener wants its token");
  const value = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, value?.error ?? `status ${answer.status}`);
  return value;
}

/** Read; parameters that are empty are left out. */
export function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  const query = new URLSearchParams(given).toString();
  return call("GET", query ? `${path}?${query}` : path);
}

/** Whether there is such an endpoint. The index says so; asking it itself would log a 404. */
export async function has(path) {
  const index = await get("admin");
  return index.some((each) => each.path === `/${path}`);
}

/** Change something. `by` is for the audit log. */
export const post = (path, parameters = {}) =>
  call("POST", path, { ...parameters, by: "dashboard" });

/** A breaker's path. Its key may come from traffic: `..` must not be taken for a folder. */
export function breakerPath(name) {
  const parts = name.split("/");
  const joint = parts.some((part) => part === "." || part === "..") ? "%2F" : "/";
  return `admin/circuit-breakers/${parts.map(encodeURIComponent).join(joint)}`;
}
