/**
 * The service worker: the panel opens without the gateway, with the last answers and their age. What has a hash in its
 * name is taken from the store; everything else is asked for first, and taken from the store only when nobody answers.
 */
interface Scope {
  addEventListener(type: string, listener: (event: WorkerEvent) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
  registration: { scope: string }
}
interface WorkerEvent {
  request: Request
  waitUntil(promise: Promise<unknown>): void
  respondWith(answer: Promise<Response>): void
}

const worker = globalThis as unknown as Scope
const shell = 'minuano-shell-1'
const answers = 'minuano-answers-1'
/** Answers of charts come and go; these few keep the panel useful. */
const mostAnswers = 40

worker.addEventListener('install', (event) => event.waitUntil(fill().then(() => worker.skipWaiting())))
worker.addEventListener('activate', (event) => event.waitUntil(tidy().then(() => worker.clients.claim())))
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  const path = url.pathname.slice(new URL(worker.registration.scope).pathname.length)
  if (request.method !== 'GET' || url.origin !== new URL(worker.registration.scope).origin) return
  if (path.startsWith('assets/')) event.respondWith(kept(request))
  else if (request.mode === 'navigate') event.respondWith(asked(shell, request, worker.registration.scope))
  else if (path.startsWith('api/v1/') && !path.startsWith('api/v1/stream') && !url.searchParams.has('format')) {
    event.respondWith(asked(answers, request, request.url))
  }
})

/** The page and all that it names, and what that names. */
async function fill(): Promise<void> {
  const cache = await caches.open(shell)
  const page = await fetch(worker.registration.scope, { cache: 'no-cache' })
  if (!page.ok) throw new Error(`the panel answered ${page.status}`)
  await cache.put(worker.registration.scope, page.clone())
  const found = new Set<string>()
  const look = async (text: string): Promise<void> => {
    const names = [...text.matchAll(/[\w.-]+-[\w-]{8}\.(?:js|css)/g)].map(([name]) => name).filter((name) => !found.has(name))
    names.forEach((name) => found.add(name))
    for (const name of names) {
      const url = new URL(`assets/${name}`, worker.registration.scope)
      const file = await fetch(url)
      if (!file.ok) continue
      await cache.put(url, file.clone())
      if (name.endsWith('.js')) await look(await file.text())
    }
  }
  await look(await page.text())
}

async function tidy(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith('minuano-') && name !== shell && name !== answers) await caches.delete(name)
  }
}

async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(shell)
  const have = await cache.match(request)
  if (have) return have
  const response = await fetch(request)
  if (response.ok) await cache.put(request, response.clone())
  return response
}

async function asked(name: string, request: Request, key: string): Promise<Response> {
  const cache = await caches.open(name)
  try {
    const response = await fetch(request)
    if (response.ok) await cache.put(key, await dated(response.clone()))
    if (name === answers) await trim(cache)
    return response
  } catch (error) {
    const have = (await cache.match(key)) ?? (name === answers ? await similar(cache, key) : undefined)
    if (have) return have
    throw error
  }
}

/** The same question about another time: better than nothing, and its age is told. */
async function similar(cache: Cache, key: string): Promise<Response | undefined> {
  return await cache.match(key, { ignoreSearch: true })
}

async function dated(response: Response): Promise<Response> {
  const headers = new Headers(response.headers)
  headers.set(__KEPT_SINCE__, String(Date.now()))
  return new Response(await response.blob(), { status: response.status, headers })
}

async function trim(cache: Cache): Promise<void> {
  const keys = await cache.keys()
  for (const key of keys.slice(0, Math.max(0, keys.length - mostAnswers))) await cache.delete(key)
}
