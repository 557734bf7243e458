// Checks of the Live API with @google/genai: `node live.mjs BASE_URL` prints what the SDK saw.
// It asserts nothing: the answers are compared between ways to reach the same API.
import { GoogleGenAI } from '@google/genai'
import { run } from './transcript.mjs'

const [baseUrl] = process.argv.slice(2)
const ai = new GoogleGenAI({ apiKey: 'key-1', httpOptions: { baseUrl } })

/** Talk in one session: `talk` is given it, what promises the end of the next turn, and its end. */
async function session(model, talk) {
  const events = []
  let turned = () => {}
  let closed
  const end = new Promise((resolve) => (closed = resolve))
  const open = await ai.live.connect({
    model,
    config: { responseModalities: ['TEXT'] },
    callbacks: {
      onmessage: (message) => {
        events.push(message)
        if (message.serverContent?.turnComplete) turned()
      },
      onerror: (error) => events.push({ error: error.message }),
      onclose: ({ code, reason }) => {
        events.push({ code, reason: String(reason) })
        closed()
      },
    },
  })
  const turn = () => new Promise((resolve) => (turned = resolve))
  await talk(open, turn, end)
  open.close()
  await end
  return events
}

const say = async (open, turn, text) => {
  const done = turn()
  open.sendClientContent({ turns: [{ role: 'user', parts: [{ text }] }], turnComplete: true })
  await done
}

await run({
  'live: two turns': () =>
    session('gemini-2.0-flash', async (open, turn) => {
      await say(open, turn, 'Hello')
      await say(open, turn, 'Is 2 < 3? \u2028')
    }),
  'live: five megabytes of audio': () =>
    session('gemini-2.0-flash', async (open, turn) => {
      const done = turn()
      const data = Buffer.alloc(5 * 1024 * 1024, 7).toString('base64')
      open.sendRealtimeInput({ audio: { data, mimeType: 'audio/pcm;rate=16000' } })
      await done
    }),
  'live: over quota': () =>
    session('gemini-2.0-flash', (open, _turn, end) => {
      open.sendClientContent({ turns: [{ role: 'user', parts: [{ text: '[quota]' }] }] })
      return end
    }),
})
process.stdout.end(() => process.exit(0))
