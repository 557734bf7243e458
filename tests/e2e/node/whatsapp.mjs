// Checks of two WhatsApp clients: @great-detail/whatsapp, which has an option for the base URL,
// and whatsapp-api-js, which has none and is pointed elsewhere by a `fetch` of its own.
// `node whatsapp.mjs BASE_URL` prints their transcript. It asserts nothing.

import GreatDetail from '@great-detail/whatsapp'
import { Text, Image, Location, Reaction, Template, Language } from 'whatsapp-api-js/messages'
import { WhatsAppAPI } from 'whatsapp-api-js'
import { run } from './transcript.mjs'

const [baseUrl] = process.argv.slice(2)
const version = 'v26.0'
const phoneNumberID = '106540352242922'
const businessAccountID = '102290129340398'
const to = '4917612345678'
const read = 'wamid.HBgNNDkxNzYxMjM0NTY3OBUCABIYFjNFQjBDMDM3'
const png = new Blob([Buffer.alloc(20_000, 'png')], { type: 'image/png' })

/** ky hides a refusal's body in the response: take it out. */
async function answer(promise) {
  try {
    return await (await promise).json()
  } catch (error) {
    if (error.response === undefined) throw error
    return { status: error.response.status, body: await error.response.json() }
  }
}

const greatDetail = (token) =>
  new GreatDetail({
    prefixUrl: baseUrl,
    graphVersion: version,
    request: { headers: { Authorization: `Bearer ${token}` }, retry: 0 },
  })

const send = (api, message, recipient = to) =>
  answer(api.message.createMessage({ phoneNumberID, to: recipient, ...message }))
const text = (body) => ({ type: 'text', text: { body } })
const upload = (api) =>
  answer(api.media.upload({ phoneNumberID, file: png, filename: 'a.png', mimeType: 'image/png' }))
const template = {
  name: 'shipped',
  language: 'en_US',
  category: 'UTILITY',
  components: [{ type: 'BODY', text: 'On its way.' }],
}

const checks = {
  'send: text': (api) => send(api, text('Hello')),
  'send: unicode': (api) => send(api, text('Grüße 🌍 / \u2028')),
  'send: image by link': (api) =>
    send(api, { type: 'image', image: { link: 'https://example.com/a.png' } }),
  'send: location': (api) =>
    send(api, { type: 'location', location: { latitude: 52.52, longitude: 13.4 } }),
  'send: template': (api) =>
    send(api, { type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } }),
  'send: unknown template': (api) =>
    send(api, { type: 'template', template: { name: 'none', language: { code: 'en_US' } } }),
  'send: nothing': (api) => send(api, { type: 'text' }),
  'send: 131030, not allowed': (api) => send(api, text('Hello'), '15550131030'),
  'send: 131056, pair limit': (api) => send(api, text('Hello'), '15550131056'),
  'send: 131016, unavailable': (api) => send(api, text('Hello'), '15550131016'),
  'send: bad token': () => send(greatDetail('invalid'), text('Hello')),
  'read: mark': (api) =>
    answer(api.message.createStatus({ phoneNumberID, status: 'read', message_id: read })),
  'media: upload, look up, delete': async (api) => {
    const { id: mediaID } = await upload(api)
    return [
      await answer(api.media.getURL({ mediaID })),
      await answer(api.media.delete({ mediaID })),
      await answer(api.media.getURL({ mediaID })),
    ]
  },
  'media: send what was uploaded': async (api) =>
    send(api, { type: 'image', image: { id: (await upload(api)).id } }),
  'media: download': async (api) => {
    const { url } = await answer(api.media.getURL({ mediaID: (await upload(api)).id }))
    const response = await fetch(url, { headers: { Authorization: 'Bearer token-1' } })
    return [response.status, (await response.arrayBuffer()).byteLength]
  },
  'profile: get and update': async (api) => [
    await answer(api.businessProfile.updateBusinessProfile({ phoneNumberID, about: 'Open' })),
    await answer(api.businessProfile.getBusinessProfile({ phoneNumberID, fields: ['about'] })),
  ],
  'number: get': (api) => answer(api.phoneNumbers.getPhoneNumber({ phoneNumberID })),
  'number: list': (api) => answer(api.phoneNumbers.listPhoneNumbers({ businessAccountID })),
  'apps: subscribe and list': async (api) => [
    await answer(api.subscribedApps.createSubscription({ businessAccountID })),
    await answer(api.subscribedApps.listSubscriptions({ businessAccountID })),
  ],
  'templates: list and follow paging': async (api) => {
    const first = await answer(api.template.list(businessAccountID, { limit: 20 }))
    const second = await (await fetch(first.paging.next)).json()
    return [first, second]
  },
  'templates: create, update, delete': async (api) => {
    const created = await answer(api.template.create(businessAccountID, template))
    return [
      created,
      await answer(api.template.update(created.id, { components: [] })),
      await answer(api.template.delete(businessAccountID, { name: 'shipped' })),
    ]
  },
  'account: get': (api) => answer(api.whatsappBusinessAccount.get(businessAccountID)),
}

/** Sends to BASE_URL what was meant for Graph. */
const redirected = (url, options) =>
  fetch(String(url).replace('https://graph.facebook.com', baseUrl), options)

const apiJs = new WhatsAppAPI({
  token: 'token-1',
  v: version,
  secure: false,
  ponyfill: { fetch: redirected },
})

const more = {
  'api-js send: text': (api) => api.sendMessage(phoneNumberID, to, new Text('Hello')),
  'api-js send: image': (api) =>
    api.sendMessage(phoneNumberID, to, new Image('https://example.com/a.png')),
  'api-js send: location': (api) =>
    api.sendMessage(phoneNumberID, to, new Location(13.4, 52.5, 'Berlin')),
  'api-js send: reaction': (api) => api.sendMessage(phoneNumberID, to, new Reaction(read, '👍')),
  'api-js send: template': (api) =>
    api.sendMessage(phoneNumberID, to, new Template('hello_world', new Language('en_US'))),
  'api-js send: 131056': (api) => api.sendMessage(phoneNumberID, '15550131056', new Text('Hello')),
  'api-js read: mark': (api) => api.markAsRead(phoneNumberID, read),
  'api-js qr: create and list': async (api) => [
    await api.createQR(phoneNumberID, 'Hello'),
    await api.retrieveQR(phoneNumberID),
  ],
  'api-js media: upload and fetch': async (api) => {
    const form = new FormData()
    form.set('file', png, 'a.png')
    const { id } = await api.uploadMedia(phoneNumberID, form, false)
    const found = await api.retrieveMedia(id)
    const response = await api.fetchMedia(found.url)
    return [found, response.status, (await response.arrayBuffer()).byteLength]
  },
}

await run(checks, greatDetail('token-1'))
await run(more, apiJs)
