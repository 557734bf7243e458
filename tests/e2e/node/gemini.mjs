// Checks of @google/genai. `node gemini.mjs BASE_URL [uploads]` prints their transcript.
// It asserts nothing: the answers are compared between ways to reach the same API.

import { GoogleGenAI } from '@google/genai'
import { run } from './transcript.mjs'

const [baseUrl, only] = process.argv.slice(2)
const model = 'gemini-2.5-flash'
const embedder = 'gemini-embedding-001'

const client = (options = {}) =>
  new GoogleGenAI({ apiKey: 'key-1', ...options, httpOptions: { baseUrl, ...options.httpOptions } })

const generate = (ai, contents, config) => ai.models.generateContent({ model, contents, config })

async function all(stream) {
  const items = []
  for await (const item of await stream) items.push(item)
  return items
}

const stream = (ai, contents) => all(ai.models.generateContentStream({ model, contents }))
const names = async (pager) => (await all(pager)).map((item) => item.name)

/** What a stream brings before it fails, and how it fails. */
async function partial(ai, contents) {
  const items = []
  try {
    for await (const item of await ai.models.generateContentStream({ model, contents })) {
      items.push(item)
    }
  } catch (error) {
    items.push(error.name)
  }
  return items
}

async function chat(ai) {
  const session = ai.chats.create({ model })
  const first = await session.sendMessage({ message: 'My name is Ada.' })
  const second = await session.sendMessage({ message: 'Who am I?' })
  return [first.text, second.text, session.getHistory().length]
}

async function cache(ai) {
  const config = { contents: ['A long document. '.repeat(50)], displayName: 'doc', ttl: '600s' }
  const created = await ai.caches.create({ model, config })
  const { name } = created
  return [
    created,
    await ai.caches.get({ name }),
    await names(ai.caches.list()),
    await generate(ai, 'Summarise', { cachedContent: name }),
    await ai.caches.update({ name, config: { ttl: '1200s' } }),
    await ai.caches.delete({ name }),
  ]
}

async function interactions(ai) {
  const first = await ai.interactions.create({ model, input: 'My name is Ada.' })
  const more = { model, previous_interaction_id: first.id }
  const second = await ai.interactions.create({ input: 'Who am I?', ...more })
  return [first, second, await ai.interactions.get(first.id)]
}

const search = { name: 'search', parametersJsonSchema: { type: 'object' } }
const image = { inlineData: { data: Buffer.alloc(256, 7).toString('base64'), mimeType: 'image/png' } }
const small = { outputDimensionality: 8 }

const checks = {
  'models: list': (ai) => names(ai.models.list()),
  'models: list in pages of 2': (ai) => names(ai.models.list({ config: { pageSize: 2 } })),
  'models: get': (ai) => ai.models.get({ model }),
  'models: get unknown': (ai) => ai.models.get({ model: 'gemini-none' }),
  'generate: text': (ai) => generate(ai, 'Why is the sky blue?'),
  'generate: unicode': (ai) => generate(ai, 'Grüße 🌍 \u2028 你好'),
  'generate: system and limits': (ai) =>
    generate(ai, 'Tell me more', { systemInstruction: 'Be brief.', maxOutputTokens: 3 }),
  'generate: JSON': (ai) => generate(ai, 'a b c', { responseMimeType: 'application/json' }),
  'generate: two candidates': (ai) => generate(ai, 'Pick one', { candidateCount: 2 }),
  'generate: image': (ai) => generate(ai, ['What is this?', image]),
  'generate: function call': (ai) =>
    generate(ai, '[tool] find cats', { tools: [{ functionDeclarations: [search] }] }),
  'generate: blocked': (ai) => generate(ai, '[unsafe] prompt'),
  'generate: 1 MB prompt': (ai) => generate(ai, 'x'.repeat(1_000_000), { maxOutputTokens: 5 }),
  'generate: chat': chat,
  'generate: quota': (ai) => generate(ai, '[quota] please'),
  'generate: overloaded': (ai) => generate(ai, '[overloaded] please'),
  'generate: unknown model': (ai) => ai.models.generateContent({ model: 'none', contents: 'Hi' }),
  'generate: by v1': () => generate(client({ apiVersion: 'v1' }), 'Hello'),
  'generate: with a timeout': () => generate(client({ httpOptions: { timeout: 5000 } }), 'Hello'),
  'generate: invalid key': () => generate(client({ apiKey: 'invalid' }), 'Hello'),
  'generate: twenty at once': (ai) =>
    Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await generate(ai, `Number ${n}`)).text),
    ),
  'stream: text': (ai) => stream(ai, 'Tell me a story'),
  'stream: long': (ai) => stream(ai, '[long] story'),
  'stream: quota': (ai) => stream(ai, '[quota] story'),
  'stream: error inside': (ai) => partial(ai, '[broken] story'),
  'stream: cut': (ai) => partial(ai, '[cut] story'),
  'tokens: count': (ai) => ai.models.countTokens({ model, contents: 'How many tokens?' }),
  'embed: one': (ai) => ai.models.embedContent({ model: embedder, contents: 'cat', config: small }),
  'embed: many': (ai) =>
    ai.models.embedContent({ model: embedder, contents: ['cat', 'dog', 'cow'], config: small }),
  'caches: create, get, list, use, update, delete': cache,
  'caches: get unknown': (ai) => ai.caches.get({ name: 'cachedContents/none' }),
  'interactions: create, follow, get': interactions,
  'interactions: stream': (ai) =>
    all(ai.interactions.create({ model, input: 'Tell me a story', stream: true })),
  'interactions: get unknown': (ai) => ai.interactions.get('none'),
  'files: get unknown': (ai) => ai.files.get({ name: 'none' }),
}

const upload = (ai, bytes, displayName) =>
  ai.files.upload({ file: new Blob([bytes]), config: { mimeType: 'text/plain', displayName } })
const newest = async (ai) => (await names(ai.files.list()))[0]

// Checks that need the upload's URL, which the API hands out as an absolute one.
const uploads = {
  'upload: small': (ai) => upload(ai, 'Hello, file.', 'small'),
  'upload: in three chunks': (ai) => upload(ai, Buffer.alloc(18 * 1024 * 1024, 'abc'), 'big'),
  'upload: path': (ai) =>
    ai.files.upload({ file: 'package.json', config: { mimeType: 'application/json' } }),
  'files: list': (ai) => names(ai.files.list()),
  'files: list in pages': (ai) => names(ai.files.list({ config: { pageSize: 1 } })),
  'files: get': async (ai) => ai.files.get({ name: await newest(ai) }),
  'files: in a prompt': async (ai) => {
    const { uri, mimeType } = await ai.files.get({ name: await newest(ai) })
    return generate(ai, ['Summarise', { fileData: { fileUri: uri, mimeType } }])
  },
  'files: delete': async (ai) => [
    await ai.files.delete({ name: await newest(ai) }),
    await names(ai.files.list()),
  ],
}

await run(only === 'uploads' ? uploads : checks, client())
