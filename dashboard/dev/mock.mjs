// A development tool, never shipped: a pretend gateway that serves dist/ and made-up weather on the public routes.
//
//   npm run build && npm run mock            then http://127.0.0.1:8080 (PORT changes it)
//   npm run mock  and, elsewhere, npm run dev
//
// What a real day seldom brings can be asked for with POST /dev/<what>?station=<name>:
// online, offline, backlog (2,000 old readings at once), suspect, fail, reset, drop (ends every stream), broken (500s for 10 s).
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { anomalies, buckets, describe, readingAt, stations } from './stations.mjs'

const port = Number(process.env.PORT ?? 8080)
const dist = fileURLToPath(new URL('../dist', import.meta.url))
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const listeners = new Set()
let brokenUntil = 0

function send(response, status, body) {
  const problem = status >= 400
  response.writeHead(status, { 'content-type': problem ? 'application/problem+json' : 'application/json' })
  response.end(JSON.stringify(problem ? { type: 'about:blank', title: body, status, detail: body } : body))
}

function emit(event, data, id) {
  const text = `${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
  for (const response of listeners) response.write(text)
}

function emitReading(reading) {
  emit('reading', reading, `5eedc0de-${reading.row}`)
}

function setState(s, state) {
  Object.assign(s, { state, since: Date.now() })
  s.silent = state === 'online' ? s.silent.map(([from, to]) => [from, Math.min(to, Date.now())]) : [...s.silent, [Date.now(), Infinity]]
  emit('status', { station: s.station, state, since: new Date(s.since).toISOString() })
}

const commands = {
  online: (s) => setState(s, 'online'),
  offline: (s) => setState(s, 'offline'),
  suspect: (s) => (s.flags = { temperature_c: 3 }),
  fail: (s) => (s.flags = { temperature_c: 4 }),
  reset: () => emit('reset', {}),
  drop: () => listeners.forEach((response) => response.destroy()),
  broken: () => (brokenUntil = Date.now() + 10_000),
  backlog: (s) => {
    s.silent = []
    for (let age = 2_000; age > 0; age -= 1) emitReading(readingAt(s, Date.now() - age * 10_000))
  },
}

function api(url, response) {
  const [, route, name, rest] = url.pathname.match(/^\/api\/v1\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/) ?? []
  const station = stations.find((s) => s.station === name)
  if (route === 'stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': welcome\n\n')
    listeners.add(response)
    response.on('close', () => listeners.delete(response))
  } else if (Date.now() < brokenUntil) send(response, 500, 'The store could not be read.')
  else if (route === 'stations' && !name) send(response, 200, { items: stations.map(describe), next: null })
  else if (route === 'anomalies') {
    const of = url.searchParams.get('station')
    send(response, 200, { items: anomalies.filter((each) => !of || each.station === of), next: null })
  } else if (route !== 'stations' || !station) send(response, 404, 'There is nothing here.')
  else if (rest === 'readings') {
    const [from, to] = ['from', 'to'].map((key) => Date.parse(url.searchParams.get(key)))
    send(response, 200, { resolution: '1m', items: buckets(station, from, to), next: null })
  } else send(response, 200, describe(station))
}

function file(url, response) {
  const path = join(dist, normalize(url.pathname === '/' ? '/index.html' : url.pathname))
  if (!path.startsWith(dist) || !existsSync(path) || !statSync(path).isFile()) {
    send(response, 404, 'Not found. Is the panel built? npm run build')
    return
  }
  response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' })
  createReadStream(path).pipe(response)
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://mock')
  const command = request.method === 'POST' && commands[url.pathname.replace('/dev/', '')]
  if (command) {
    command(stations.find((s) => s.station === url.searchParams.get('station')) ?? stations[0])
    send(response, 200, {})
  } else if (url.pathname.startsWith('/api/')) api(url, response)
  else file(url, response)
}).listen(port, '127.0.0.1', () => console.log(`mock gateway on http://127.0.0.1:${port}`))

const interval = Number(process.env.REPORT_MS ?? 10_000)
setInterval(() => {
  for (const s of stations.filter((each) => each.state === 'online')) emitReading((s.last = readingAt(s, Date.now())))
}, interval)
