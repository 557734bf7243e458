// Checks of @supabase/supabase-js: `node checks.mjs BASE_URL PUBLISHABLE_KEY SECRET_KEY`.
// Prints one JSON line for each check: its name, and the answer as the SDK saw it. Asserts nothing.
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const [baseUrl, publishable, secret] = process.argv.slice(2)
const client = (key, storageKey) =>
  createClient(baseUrl, key, {
    auth: { autoRefreshToken: false, persistSession: false, storageKey },
    // Node before 22 has no WebSocket, and the SDK refuses to start without one.
    realtime: { transport: WebSocket },
  })
const anon = client(publishable, 'anon')
const alice = client(publishable, 'alice')
const bob = client(publishable, 'bob')
const owner = client(secret, 'owner')
const files = owner.storage.from('files')

const ALICE = { email: 'alice@example.com', password: 'alice-password' }
const BOB = { email: 'bob@example.com', password: 'bob-password' }
const table = (who) => who.from('conversations')
const rows = (name) => [0, 1, 2, 3, 4].map((at) => ({ account_id: 1 + (at % 3), title: `${name} ${at}`, unread: at }))

const checks = {
  'sign up': () => alice.auth.signUp(ALICE),
  'sign up another': () => bob.auth.signUp(BOB),
  'sign up again': () => anon.auth.signUp(ALICE),
  'wrong password': () => anon.auth.signInWithPassword({ ...ALICE, password: 'wrong-one' }),
  'sign in': () => alice.auth.signInWithPassword(ALICE),
  'sign in bob': () => bob.auth.signInWithPassword(BOB),
  refresh: () => alice.auth.refreshSession(),
  user: () => alice.auth.getUser(),
  'change user': () => alice.auth.updateUser({ data: { theme: 'dark' } }),
  'changed user': () => alice.auth.getUser(),
  'bad token': () => anon.auth.getUser('a.b.c'),
  'insert alice': () => table(alice).insert(rows('alice')).select(),
  'insert bob': () => table(bob).insert(rows('bob')).select(),
  'insert minimal': () => table(alice).insert({ account_id: 2, title: 'a,b(c) "d" ü 😀' }),
  'insert for another': async () => {
    const { data } = await bob.auth.getUser()
    return table(alice).insert({ account_id: 1, title: 'x', user_id: data.user.id })
  },
  messages: () => alice.from('messages').insert([0, 1, 2].map((at) => ({ conversation_id: 1, body: `Message ${at}` }))),
  'upsert new': () => alice.from('profiles').upsert({ name: 'Alice' }, { onConflict: 'user_id' }).select(),
  'upsert old': () => alice.from('profiles').upsert({ name: 'Alice A.' }, { onConflict: 'user_id' }).select().single(),
  'two users at once': () =>
    Promise.all([alice, bob, alice, bob, alice, bob].map((who) => table(who).select('id,user_id').order('id'))),
  'a stranger': () => table(anon).select(),
  'the owner': () => table(owner).select('id,title').order('id'),
  embedded: () => table(alice).select('id, accounts(name), messages(body)').order('id'),
  'inner filter': () => table(alice).select('id, accounts!inner(name)').eq('accounts.name', 'Globex').order('id'),
  or: () => table(alice).select('id').or('unread.eq.1,and(unread.gt.2,unread.lt.4)').order('id'),
  in: () => table(alice).select('id').in('id', [1, 2, 6]).order('id'),
  'odd text': () => table(alice).select('id').eq('title', 'a,b(c) "d" ü 😀'),
  range: () => table(alice).select('id', { count: 'exact' }).order('id').range(1, 2),
  'range past the end': () => table(alice).select('*', { count: 'exact' }).range(50, 60),
  'head count': () => table(alice).select('*', { count: 'exact', head: true }),
  csv: () => table(alice).select('id,title').order('id').csv(),
  one: () => table(alice).select().eq('id', 1).single(),
  'one of none': () => table(alice).select().eq('id', 0).single(),
  'perhaps one': () => table(alice).select().eq('id', 0).maybeSingle(),
  duplicate: () => owner.from('accounts').insert({ name: 'Acme' }),
  forbidden: () => alice.from('accounts').insert({ name: 'Mine' }),
  'unknown table': () => alice.from('nothing').select(),
  'unknown column': () => table(alice).select('nothing'),
  'function by GET': () => alice.rpc('add', { a: 2, b: 3 }, { get: true }),
  'function by POST': () => alice.rpc('add', { a: 2, b: 3 }),
  'function that writes': () => alice.rpc('rename', { target: 1, new_title: 'renamed' }),
  'unknown function': () => alice.rpc('nothing'),
  update: () => table(alice).update({ unread: 9 }, { count: 'exact' }).eq('id', 1).select('id,title,unread'),
  'update of another': () => table(alice).update({ unread: 9 }).eq('id', 6).select(),
  'delete minimal': () => table(alice).delete().eq('id', 2),
  delete: () => table(alice).delete().eq('id', 3).select('id'),
  left: () => table(owner).select('*, messages(*)').order('id'),
  bucket: () => owner.storage.createBucket('files', { public: true }),
  upload: () => files.upload('a b/ü.txt', 'hello', { contentType: 'text/plain' }),
  'upload again': () => files.upload('a b/ü.txt', 'other'),
  'upload 1 MiB': () => files.upload('big.bin', new Uint8Array(1 << 20).map((_, at) => at % 251)),
  download: () => files.download('a b/ü.txt'),
  'download 1 MiB': async () => {
    const bytes = new Uint8Array(await (await files.download('big.bin')).data.arrayBuffer())
    return [bytes.length, bytes.every((byte, at) => byte === at % 251)]
  },
  'download none': () => files.download('nothing'),
  public: async () => (await fetch(files.getPublicUrl('a b/ü.txt').data.publicUrl)).text(),
  list: async () => (await files.list('', { sortBy: { column: 'name', order: 'asc' } })).data.map(({ name }) => name),
  remove: async () => (await files.remove(['big.bin'])).data.map(({ name }) => name),
  'sign out': () => alice.auth.signOut(),
  'signed out': async () => [await alice.auth.getUser(), await table(alice).select()],
}

// Errors, blobs and responses as JSON can hold them.
async function plain(value) {
  if (value instanceof Error) {
    const { name, message, code = null, status = null, details = null, hint = null } = value
    return { error: name, code, status, text: message, details, hint }
  }
  if (value instanceof Blob) return { type: value.type, text: await value.text() }
  if (Array.isArray(value)) return Promise.all(value.map(plain))
  if (value && typeof value === 'object') {
    const pairs = Object.entries(value).map(async ([key, item]) => [key, await plain(item)])
    return Object.fromEntries(await Promise.all(pairs))
  }
  return value ?? null
}

for (const [check, act] of Object.entries(checks)) {
  let answer
  try {
    answer = await plain(await act())
  } catch (error) {
    answer = await plain(error)
  }
  console.log(JSON.stringify({ check, answer }))
}
