// A reverse proxy as one writes it with Node alone: streams both ways, keeps connections, logs nothing.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const options = { keepAlive: true, maxFreeSockets: 1024, scheduling: 'lifo' }
const agents = {
  http: new http.Agent(options),
  https: new https.Agent({
    ...options, ca: readFileSync(settings.ca), servername: 'localhost',
  }),
}

const server = http.createServer((request, response) => {
  const slash = request.url.indexOf('/', 1)
  const upstream = settings.upstreams[request.url.slice(1, slash)]
  const client = upstream.tls ? https : http
  const headers = { ...request.headers, host: `127.0.0.1:${upstream.port}` }
  delete headers.connection
  const call = client.request({
    host: '127.0.0.1', port: upstream.port, method: request.method,
    path: request.url.slice(slash), headers, agent: upstream.tls ? agents.https : agents.http,
  }, answer => {
    const { connection, 'keep-alive': _, ...kept } = answer.headers
    response.writeHead(answer.statusCode, kept)
    answer.pipe(response)
  })
  call.on('error', () => response.headersSent ? response.destroy() : response.writeHead(502).end())
  request.pipe(call)
})
server.keepAliveTimeout = 0
server.listen(settings.port, '127.0.0.1', 1024)
