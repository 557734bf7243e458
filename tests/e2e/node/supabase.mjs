// Checks of @supabase/supabase-js: `node supabase.mjs BASE_URL ANON_KEY SERVICE_KEY PASSWORD`.
// Prints one JSON line for each check: its name, and the answer as the SDK saw it.
// Asserts nothing: answers are compared between ways to reach the same fresh project.
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'
import { checks as rest } from './supabase_rest.mjs'
import { checks as auth } from './supabase_auth.mjs'
import { checks as storage } from './supabase_storage.mjs'

const [baseUrl, anonKey, serviceKey, password] = process.argv.slice(2)

// A stranger, two users and the owner of the project, each with a session of its own.
const client = (key, name) =>
  createClient(baseUrl, key, {
    auth: { autoRefreshToken: false, persistSession: false, storageKey: name },
    // Node before 22 has no WebSocket, and the SDK refuses to start without one.
    realtime: { transport: WebSocket },
  })
const project = {
  baseUrl,
  anonKey,
  password,
  anon: client(anonKey, 'anon'),
  alice: client(anonKey, 'alice'),
  bob: client(anonKey, 'bob'),
  service: client(serviceKey, 'service'),
}

async function seen(check) {
  try {
    return await plain(await check(project))
  } catch (error) {
    return { error: error.name, code: error.code ?? null, status: error.status ?? null, text: error.message }
  }
}

// Errors, blobs and responses as JSON can hold them.
async function plain(value) {
  if (value instanceof Error) {
    const { name, message, code = null, status = null, details = null, hint = null } = value
    return { error: name, code, status, text: message, details, hint }
  }
  if (value instanceof Response) return { status: value.status, text: await value.text() }
  if (value instanceof Blob) return { type: value.type, text: await value.text() }
  if (Array.isArray(value)) return Promise.all(value.map(plain))
  if (value && typeof value === 'object') {
    const pairs = Object.entries(value).map(async ([key, item]) => [key, await plain(item)])
    return Object.fromEntries(await Promise.all(pairs))
  }
  return value ?? null
}

for (const [name, check] of Object.entries({ ...rest, ...auth, ...storage })) {
  const answer = await seen(check)
  console.log(JSON.stringify({ check: name, answer }))
}
