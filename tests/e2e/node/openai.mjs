// Checks of openai (JavaScript) with Gemini. `node openai.mjs BASE_URL` prints their transcript.
// It asserts nothing: the answers are compared between ways to reach the same API.

import OpenAI from 'openai'
import { run } from './transcript.mjs'

const [baseUrl] = process.argv.slice(2)
const model = 'gemini-2.5-flash'
const embedder = 'gemini-embedding-001'

const client = (options = {}) =>
  new OpenAI({ apiKey: 'key-1', baseURL: `${baseUrl}/v1beta/openai/`, maxRetries: 0, ...options })

const chat = (ai, content, more) =>
  ai.chat.completions.create({ model, messages: [{ role: 'user', content }], ...more })

/** What a stream brings before it fails, if it does, and how it fails. */
async function stream(ai, content, more) {
  const items = []
  try {
    for await (const item of await chat(ai, content, { stream: true, ...more })) items.push(item)
  } catch (error) {
    if (error.status) throw error
    items.push(error.constructor.name)
  }
  return items
}

async function ids(page) {
  const found = []
  for await (const item of page) found.push(item.id)
  return found
}

const turns = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'My name is Ada.' },
  { role: 'assistant', content: 'Hello, Ada.' },
  { role: 'user', content: 'Who am I?' },
]
const url = `data:image/png;base64,${Buffer.alloc(256, 7).toString('base64')}`
const image = [{ type: 'text', text: 'What is this?' }, { type: 'image_url', image_url: { url } }]
const tools = [{ type: 'function', function: { name: 'search', parameters: { type: 'object' } } }]
const embed = (ai, input, more) =>
  ai.embeddings.create({ model: embedder, input, dimensions: 8, ...more })

await run(
  {
    'models: list': (ai) => ids(ai.models.list()),
    'models: get': (ai) => ai.models.retrieve(model),
    'models: get unknown': (ai) => ai.models.retrieve('gemini-none'),
    'generate: text': (ai) => chat(ai, 'Why is the sky blue?'),
    'generate: unicode': (ai) => chat(ai, 'Grüße 🌍 \u2028 你好'),
    'generate: turns and limits': (ai) =>
      chat(ai, '', { messages: turns, max_completion_tokens: 3 }),
    'generate: JSON': (ai) => chat(ai, 'a b c', { response_format: { type: 'json_object' } }),
    'generate: image': (ai) => chat(ai, image),
    'generate: function call': (ai) => chat(ai, '[tool] find cats', { tools }),
    'generate: 1 MB prompt': (ai) => chat(ai, 'x'.repeat(1_000_000), { max_tokens: 5 }),
    'generate: quota': (ai) => chat(ai, '[quota] please'),
    'generate: overloaded': (ai) => chat(ai, '[overloaded] please'),
    'generate: unknown model': (ai) => chat(ai, 'Hi', { model: 'none' }),
    'generate: invalid key': () => chat(client({ apiKey: 'invalid' }), 'Hello'),
    'generate: twenty at once': (ai) =>
      Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const answer = await chat(ai, `Number ${n}`)
          return answer.choices[0].message.content
        }),
      ),
    'stream: text': (ai) => stream(ai, 'Tell me a story'),
    'stream: long': (ai) => stream(ai, '[long] story'),
    'stream: function call': (ai) => stream(ai, '[tool] find dogs', { tools }),
    'stream: quota': (ai) => stream(ai, '[quota] story'),
    'stream: error inside': (ai) => stream(ai, '[broken] story'),
    'stream: cut': (ai) => stream(ai, '[cut] story'),
    'embed: one': (ai) => embed(ai, 'cat'),
    'embed: many': (ai) => embed(ai, ['cat', 'dog', 'cow']),
    'embed: as numbers': (ai) => embed(ai, 'cat', { encoding_format: 'float' }),
  },
  client(),
)
