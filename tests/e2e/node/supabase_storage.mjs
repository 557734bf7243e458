// supabase-js: storage, resumable uploads and edge functions.
import { createHash } from 'node:crypto'
import { Upload } from 'tus-js-client'

const BIG = new Uint8Array(1 << 20).map((_, at) => at % 251)
const ODD = 'dir x/ünï(1) a+b;v=1,2@&c.bin'

const bucket = (p) => p.service.storage.from('files')
const sum = (bytes) => [bytes.length, createHash('sha256').update(bytes).digest('hex')]

async function fetched(url, headers = {}) {
  const answer = await fetch(url, { headers })
  const kept = ['content-type', 'content-range', 'content-length', 'etag', 'content-disposition']
  const shown = kept.filter((name) => answer.headers.has(name)).map((name) => [name, answer.headers.get(name)])
  return { status: answer.status, headers: shown, text: (await answer.text()).slice(0, 200) }
}

async function echo(p, options) {
  const { data, error } = await p.anon.functions.invoke('echo', options)
  if (error) return error
  const changed = ['host', 'connection']
  return { ...data, headers: data.headers.filter(([name]) => !changed.includes(name.toLowerCase())) }
}

// A multipart body has a random boundary, so only its framing is compared.
async function echoForm(p) {
  const form = new FormData()
  form.append('file', new Blob(['content']), 'a.txt')
  const { body } = await echo(p, { body: form })
  return [body.framing, body.length > 100]
}

async function events(p, name) {
  const { data } = await p.anon.functions.invoke(`${name}?n=4&delay_ms=60`)
  const began = Date.now()
  let chunks = 0
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of data.body) {
    chunks += 1
    text += decoder.decode(chunk, { stream: true })
  }
  return { flowed: chunks >= 4 && Date.now() - began >= 120, text }
}

function resumable(p, name, bytes) {
  return new Promise((resolve, reject) => {
    const offsets = []
    const upload = new Upload(Buffer.from(bytes), {
      endpoint: `${p.baseUrl}/storage/v1/upload/resumable`,
      headers: { authorization: `Bearer ${p.anonKey}`, 'x-upsert': 'true' },
      metadata: { bucketName: 'files', objectName: name, contentType: 'application/x-big' },
      chunkSize: 300_000,
      retryDelays: [],
      onChunkComplete: (_size, sent) => offsets.push(sent),
      onError: reject,
      onSuccess: () => resolve(offsets),
    })
    upload.start()
  })
}

export const checks = {
  'storage: buckets': async (p) => (await p.service.storage.listBuckets()).data.map(({ id }) => id),
  'storage: create': (p) => p.service.storage.createBucket('files', { public: false, fileSizeLimit: 2_000_000 }),
  'storage: create again': (p) => p.service.storage.createBucket('files'),
  'storage: get': (p) => p.service.storage.getBucket('files'),
  'storage: update': (p) => p.service.storage.updateBucket('files', { public: true }),
  'storage: upload buffer': (p) =>
    bucket(p).upload(ODD, Buffer.from([0, 255, 10, 13]), { contentType: 'image/png', cacheControl: '60' }),
  'storage: upload blob': (p) => bucket(p).upload('blob.txt', new Blob(['blob'], { type: 'text/plain' })),
  'storage: upload stream': (p) =>
    bucket(p).upload('stream.bin', new Blob(['streamed']).stream(), { duplex: 'half' }),
  'storage: upload again': (p) => bucket(p).upload('blob.txt', 'other'),
  'storage: upsert': (p) => bucket(p).upload('blob.txt', 'other', { upsert: true, metadata: { by: 'js' } }),
  'storage: upload 1 MiB': (p) => bucket(p).upload('big.bin', BIG),
  'storage: too large': (p) => bucket(p).upload('huge.bin', new Uint8Array(2_000_001)),
  'storage: download 1 MiB': async (p) => {
    const { data } = await bucket(p).download('big.bin')
    return sum(new Uint8Array(await data.arrayBuffer()))
  },
  'storage: download stream': async (p) => {
    const { data } = await bucket(p).download('big.bin').asStream()
    let length = 0
    for await (const chunk of data) length += chunk.length
    return length
  },
  'storage: download odd name': (p) => bucket(p).download(ODD),
  'storage: download none': (p) => bucket(p).download('nothing.bin'),
  'storage: info': (p) => bucket(p).info('blob.txt'),
  'storage: exists': async (p) => [await bucket(p).exists(ODD), await bucket(p).exists('nothing')],
  'storage: list': (p) => bucket(p).list('', { limit: 3, sortBy: { column: 'name', order: 'desc' } }),
  'storage: list v2': (p) => bucket(p).listV2({ prefix: '', limit: 2, with_delimiter: true }),
  'storage: copy': (p) => bucket(p).copy('big.bin', 'copy/of big.bin'),
  'storage: copy to another bucket': (p) => bucket(p).copy('blob.txt', 'b.txt', { destinationBucket: 'media' }),
  'storage: move': (p) => bucket(p).move('stream.bin', 'moved.bin'),
  'storage: signed URL': async (p) => {
    const { data } = await bucket(p).createSignedUrl(ODD, 60, { download: 'a b.bin' })
    return [data.signedUrl, await fetched(data.signedUrl)]
  },
  'storage: signed URLs': (p) => bucket(p).createSignedUrls(['big.bin', 'none'], 60),
  'storage: signed upload': async (p) => {
    const { data } = await bucket(p).createSignedUploadUrl('in/by-token.txt')
    return [data, await p.anon.storage.from('files').uploadToSignedUrl(data.path, data.token, 'by token')]
  },
  'storage: public': async (p) => {
    const { data } = bucket(p).getPublicUrl(ODD)
    const whole = await fetched(data.publicUrl)
    const etag = whole.headers.find(([name]) => name === 'etag')[1]
    return [
      data,
      whole,
      await fetched(data.publicUrl, { 'If-None-Match': etag }),
      await fetched(data.publicUrl, { Range: 'bytes=1-2' }),
    ]
  },
  'storage: resumable': (p) => resumable(p, 'tus/big.bin', BIG),
  'storage: after resumable': (p) => bucket(p).info('tus/big.bin'),
  'storage: remove': (p) => bucket(p).remove(['big.bin', 'nothing']),
  'storage: empty': (p) => p.service.storage.emptyBucket('files'),
  'storage: delete': (p) => p.service.storage.deleteBucket('files'),
  'functions: json': (p) => echo(p, { body: { a: [1, 'ü'] } }),
  'functions: text': (p) => echo(p, { body: 'text', headers: { 'X-One': '1', x_under_score: '2' } }),
  'functions: get': (p) => echo(p, { method: 'GET' }),
  'functions: delete with body': (p) => echo(p, { method: 'DELETE', body: { id: 1 } }),
  'functions: region': (p) => echo(p, { body: {}, region: 'eu-west-1' }),
  'functions: form': echoForm,
  'functions: bytes': async (p) => {
    const { data } = await p.anon.functions.invoke('bytes?n=300000&framing=chunked')
    return sum(new Uint8Array(await data.arrayBuffer()))
  },
  'functions: events': (p) => events(p, 'sse'),
  'functions: gzip events': (p) => events(p, 'gzip-sse'),
  'functions: error': (p) => p.anon.functions.invoke('error?status=422'),
  'functions: relay error': (p) => p.anon.functions.invoke('error?relay=1'),
  'functions: none': (p) => p.anon.functions.invoke('nothing'),
}
