// Loaded before the server. Before Node 24 a file handle's web stream gives ArrayBuffers unless it
// is asked for bytes, and the server, which does not ask, breaks off every download from storage.
import { open } from 'node:fs/promises'

const handle = await open(new URL(import.meta.url))
const prototype = Object.getPrototypeOf(handle)
await handle.close()
const plain = prototype.readableWebStream
prototype.readableWebStream = function bytes(options) {
  return plain.call(this, { type: 'bytes', ...options })
}
