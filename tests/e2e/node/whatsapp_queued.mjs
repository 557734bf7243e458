// What two WhatsApp clients make of a message that is accepted now and delivered later.
// `node whatsapp_queued.mjs BASE_URL` prints their transcript. It asserts nothing.

import GreatDetail from '@great-detail/whatsapp'
import { Text, Template, Language } from 'whatsapp-api-js/messages'
import { WhatsAppAPI } from 'whatsapp-api-js'
import { run } from './transcript.mjs'

const [baseUrl] = process.argv.slice(2)
const phoneNumberID = '106540352242922'
const read = 'wamid.HBgNNDkxNzYxMjM0NTY3OBUCABIYFjNFQjBDMDM3'

const greatDetail = new GreatDetail({
  prefixUrl: baseUrl,
  graphVersion: 'v26.0',
  request: { headers: { Authorization: 'Bearer token-1' }, retry: 0 },
})

/** Sends to BASE_URL what was meant for Graph. */
const redirected = (url, options) =>
  fetch(String(url).replace('https://graph.facebook.com', baseUrl), options)

const apiJs = new WhatsAppAPI({
  token: 'token-1',
  v: 'v26.0',
  secure: false,
  ponyfill: { fetch: redirected },
})

const send = async (api, message) =>
  await (await api.message.createMessage({ phoneNumberID, ...message })).json()

await run(
  {
    'send: text': (api) => send(api, { to: '491', type: 'text', text: { body: 'Hello' } }),
    'send: template': (api) =>
      send(api, {
        to: '492',
        type: 'template',
        template: { name: 'hello_world', language: { code: 'en_US' } },
      }),
    'read: mark': async (api) =>
      await (
        await api.message.createStatus({ phoneNumberID, status: 'read', message_id: read })
      ).json(),
  },
  greatDetail,
)
await run(
  {
    'api-js send: text': (api) => api.sendMessage(phoneNumberID, '493', new Text('Hello')),
    'api-js send: template': (api) =>
      api.sendMessage(
        phoneNumberID,
        '494',
        new Template('hello_world', new Language('en_US')),
      ),
    'api-js read: mark': (api) => api.markAsRead(phoneNumberID, read),
  },
  apiJs,
)
