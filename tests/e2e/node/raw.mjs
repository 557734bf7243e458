// Node's fetch: `node raw.mjs BASE_URL CASES`, where CASES is JSON of what to send.
// Prints one JSON line for each case: the answer to compare.
import { createHash } from 'node:crypto'

const [baseUrl, told] = process.argv.slice(2)
const { cases, events, spread } = JSON.parse(told)
const DROPPED = ['date', 'connection', 'keep-alive']

function* pieces(bytes) {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = Math.min(size * 3 + 1, 70_000)) {
    yield bytes.subarray(at, at + size)
  }
}

async function send({ target, method, headers, body, chunked }) {
  const bytes = body ? new Uint8Array(body) : undefined
  const answer = await fetch(baseUrl + target, {
    method,
    headers,
    body: chunked ? ReadableStream.from(pieces(bytes)) : bytes,
    duplex: 'half',
  })
  const dropped = target.includes('/echo') ? [...DROPPED, 'content-length'] : DROPPED
  const received = Buffer.from(await answer.arrayBuffer())
  return {
    status: answer.status,
    reason: answer.statusText,
    headers: [...answer.headers].filter(([name]) => !dropped.includes(name)),
    cookies: answer.headers.getSetCookie(),
    ...(target.includes('/echo') ? { echo: echo(received) } : content(received)),
  }
}

const content = (received) => ({
  length: received.length,
  body: received.length < 1500 ? received.toString('latin1') : createHash('sha256').update(received).digest('hex'),
})

// It holds `Host`, which is another by every way.
function echo(received) {
  if (received.length === 0) return null
  const seen = JSON.parse(received.toString())
  return { ...seen, headers: seen.headers.filter(([name]) => !['host', 'connection'].includes(name.toLowerCase())) }
}

async function listen(target) {
  const answer = await fetch(baseUrl + target)
  const times = []
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer.body) {
    times.push(Date.now())
    text += decoder.decode(chunk, { stream: true })
  }
  return { text, flowed: times.at(-1) - times[0] >= spread * 1000 }
}

const print = (check, answer) => console.log(JSON.stringify({ check, answer }))
for (const one of cases) print(one.name, await send(one))
for (const [name, target] of Object.entries(events)) print(name, await listen(target))
