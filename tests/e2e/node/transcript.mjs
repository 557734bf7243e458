// Runs named checks in order and prints one JSON line for each: what the SDK answered or threw.

const DROPPED = new Set(['date', 'connection', 'keep-alive'])

/** The SDK's value as plain JSON, less the date and what belongs to one connection. */
export function seen(value) {
  return JSON.parse(
    JSON.stringify(value ?? null, (name, inner) => {
      if (inner instanceof Headers) inner = Object.fromEntries(inner)
      if (name !== 'headers' || inner === null || typeof inner !== 'object') return inner
      return Object.fromEntries(Object.entries(inner).filter(([key]) => !DROPPED.has(key)))
    }),
  )
}

function failed(error) {
  return {
    error: error.name,
    code: error.status ?? error.response?.status ?? null,
    message: error.message,
  }
}

/** `checks` maps names to functions that are given `context`. */
export async function run(checks, context) {
  for (const [check, act] of Object.entries(checks)) {
    let answer
    try {
      answer = seen(await act(context))
    } catch (error) {
      answer = failed(error)
    }
    process.stdout.write(`${JSON.stringify({ check, answer })}\n`)
  }
}
