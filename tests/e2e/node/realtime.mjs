// Checks of Realtime with @supabase/supabase-js: `node realtime.mjs BASE_URL ANON_KEY`.
// It asserts nothing: the answers are compared between ways to reach the same project.
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'
import { run } from './transcript.mjs'

const [baseUrl, key] = process.argv.slice(2)
const client = (vsn) => createClient(baseUrl, key, { realtime: { transport: WebSocket, vsn } })

const short = (payload) => ({ ...payload, n: String(payload.n ?? '').length })

function joined(supabase, topic, config) {
  const channel = supabase.channel(topic, { config })
  const heard = []
  let count = 0
  let enough = () => {}
  channel.on('broadcast', { event: '*' }, ({ event, payload }) => {
    heard.push([event, payload instanceof ArrayBuffer ? payload.byteLength : short(payload)])
    if (heard.length === count) enough()
  })
  const ready = new Promise((resolve, reject) =>
    channel.subscribe((status, error) =>
      status === 'SUBSCRIBED' ? resolve() : error && reject(error),
    ),
  )
  const hears = (number) => {
    count = number
    return heard.length >= number ? null : new Promise((resolve) => (enough = resolve))
  }
  return { channel, heard, hears, ready }
}

async function broadcast(vsn, payloads) {
  const [one, other] = [client(vsn), client(vsn)]
  const speaker = joined(one, 'room', { broadcast: { self: true } })
  const listener = joined(other, 'room', {})
  await Promise.all([speaker.ready, listener.ready])
  for (const payload of payloads) {
    await speaker.channel.send({ type: 'broadcast', event: 'said', payload })
  }
  await Promise.all([speaker.hears(payloads.length), listener.hears(payloads.length)])
  const left = [await one.removeAllChannels(), await other.removeAllChannels()]
  await Promise.all([one.realtime.disconnect(), other.realtime.disconnect()])
  return [speaker.heard, listener.heard, left]
}

await run({
  'realtime: broadcast as objects': () => broadcast('1.0.0', [{ text: 'grüß dich' }, { n: 2 }]),
  'realtime: broadcast as binary': () =>
    broadcast('2.0.0', [{ text: 'hello' }, new Uint8Array(300_000).buffer, { n: 'x'.repeat(1e6) }]),
})
process.stdout.end(() => process.exit(0))
