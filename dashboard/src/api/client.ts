/** The gateway's public routes, as functions. Every failure is a `Problem`. */
import * as decode from './decode'
import * as climate from './climate'
import type { Bucket, Episode, Reading, Readings, Resolution, Station } from './types'

const base = new URL('api/v1/', globalThis.document?.baseURI ?? 'http://localhost/')

/** More pages than this means a `next` that never ends. */
const mostPages = 20

export class Problem extends Error {
  override readonly name = 'Problem'
  constructor(
    /** HTTP status, or 0 when the gateway could not be reached or did not answer in JSON. */
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

let onServerTime: (milliseconds: number) => void = () => {}

/** Calls back with the gateway's own time at each answer. */
export function observeServerTime(observer: (milliseconds: number) => void): void {
  onServerTime = observer
}

let onKept: (since: number | null) => void = () => {}

/** Calls back at each answer: with the time at which it was kept, if it is the service worker's and not the gateway's. */
export function observeKept(observer: (since: number | null) => void): void {
  onKept = observer
}

type Query = Record<string, string | number>

async function get(path: string, query: Query, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const url = new URL(path, base)
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value))
  const timeout = AbortSignal.timeout(20_000)
  let response: Response
  try {
    response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(0, '')
  }
  const kept = response.headers.get(__KEPT_SINCE__)
  const at = Date.parse(response.headers.get('date') ?? '')
  if (kept === null && Number.isFinite(at)) onServerTime(at)
  onKept(kept === null ? null : Number(kept))
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw new Problem(response.status, detail(body))
  if (typeof body !== 'object' || body === null) throw new Problem(0, '')
  return body as Record<string, unknown>
}

function detail(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return ''
  const { title, detail } = problem as { title?: unknown; detail?: unknown }
  return [detail, title].find((text): text is string => typeof text === 'string') ?? ''
}

/** Follows `next` to the end and gives every page. */
async function pages(path: string, query: Query, signal?: AbortSignal): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = []
  let cursor: unknown = null
  do {
    const page = await get(path, typeof cursor === 'string' ? { ...query, cursor } : query, signal)
    all.push(page)
    cursor = page.next
  } while (typeof cursor === 'string' && all.length < mostPages)
  return all
}

export async function stations(signal?: AbortSignal): Promise<Station[]> {
  const all = await pages('stations', {}, signal)
  return all.flatMap((page) => decode.list(page.items, decode.station))
}

export async function readings(
  station: string,
  from: number,
  to: number,
  signal?: AbortSignal,
  wanted: Resolution | 'auto' = 'auto',
): Promise<Readings> {
  const query = {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    resolution: wanted,
    limit: 10_000,
  }
  const all = await pages(`stations/${encodeURIComponent(station)}/readings`, query, signal)
  const resolution = all[0]?.resolution as Resolution
  if (resolution === 'raw') {
    const items: Reading[] = all.flatMap((page) => decode.list(page.items, decode.reading))
    return { resolution, items }
  }
  const items: Bucket[] = all.flatMap((page) => decode.list(page.items, decode.bucket))
  return { resolution, items }
}

/** Anomalies and weather events that touch a span, of one station or of all. */
export async function episodes(station: string | null, from: number, to: number, signal?: AbortSignal): Promise<Episode[]> {
  const query = { ...(station !== null && { station }), from: new Date(from).toISOString(), to: new Date(to).toISOString() }
  const [anomalies, weather] = await Promise.all([pages('anomalies', query, signal), pages('events', query, signal)])
  return [
    ...anomalies.flatMap((page) => decode.list(page.items, decode.anomaly)),
    ...weather.flatMap((page) => decode.list(page.items, decode.weather)),
  ]
}

export const streamAddress = new URL('stream', base).href

export async function summary(station: string, period: 'day' | 'month' | 'year', date: string, signal?: AbortSignal): Promise<climate.Summary> {
  return climate.summary(await get(`stations/${encodeURIComponent(station)}/summary`, { period, date }, signal))
}

export async function records(station: string, signal?: AbortSignal): Promise<climate.Records> {
  return climate.records(await get(`stations/${encodeURIComponent(station)}/records`, {}, signal))
}

export async function healthHistory(station: string, from: number, to: number, signal?: AbortSignal): Promise<climate.HealthThen[]> {
  const query = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), limit: 5_000 }
  const all = await pages(`stations/${encodeURIComponent(station)}/health`, query, signal)
  return all.flatMap((page) => decode.list(page.items, climate.healthThen))
}

/** Where the gateway gives a file of readings, of any length. */
export function fileAddress(station: string, from: number, to: number, resolution: Resolution, format: 'csv' | 'parquet'): string {
  const url = new URL(`stations/${encodeURIComponent(station)}/readings`, base)
  const query = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), resolution, format, limit: 'all' }
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
  return url.href
}
