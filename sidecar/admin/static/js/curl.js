// An exchange as a line for a shell. Credentials are not known here, so they cannot be copied.

/** Quoted for a POSIX shell; control characters, which a terminal would obey, are escaped. */
export function quoted(text) {
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (found) => encodeURIComponent(found));
  return `'${plain.replaceAll("'", "'\\''")}'`;
}

/**
 * @param base the base URL of the upstream at the sidecar, such as http://127.0.0.1:8080/supabase.
 */
export function curl(exchange, base) {
  const method = /^[A-Z]+$/.test(exchange.method) ? exchange.method : quoted(exchange.method);
  const ask = exchange.method === "HEAD" ? "--head" : `-X ${method}`;
  return `curl -i ${ask} ${quoted(base.replace(/\/$/, "") + exchange.target)}`;
}
