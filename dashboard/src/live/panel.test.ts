import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Source } from '../api/stream'

const now = Date.parse('2026-11-20T12:00:00.000Z')
const at = (seconds: number) => new Date(now + seconds * 1_000).toISOString()

/** A gateway with one station; a test changes what it answers and counts what it was asked. */
const gateway = {
  asked: [] as string[],
  broken: false,
  last: {} as Record<string, unknown>,
  answer(url: URL): Response {
    gateway.asked.push(url.pathname.split('/').at(-1) ?? '')
    if (gateway.broken) return Response.json({ title: 'Broken', detail: 'No store', status: 500 }, { status: 500 })
    if (url.pathname.endsWith('/readings')) {
      const items = [{ start: at(-60), count: 6, temperature_c: { min: 1, mean: 2, max: 3 } }]
      return Response.json({ resolution: '1m', items, next: null })
    }
    if (/\/(anomalies|events)$/.test(url.pathname)) return Response.json({ items: [], next: null })
    const station = { station: 'roof', state: 'online', since: at(-3_600), report_s: 10, last_reading: gateway.last }
    return Response.json({ items: [station, { nonsense: true }], next: null }, { headers: { date: new Date().toUTCString() } })
  },
}

const listeners = new Map<string, (event: { data?: unknown }) => void>()
const source: Source = {
  readyState: 1,
  addEventListener: (type, listener) => void listeners.set(type, listener),
  close: () => {},
}
function say(type: string, data: unknown = {}): void {
  listeners.get(type)?.({ data: JSON.stringify(data) })
}
function reading(seconds: number, temperature_c: number): Record<string, unknown> {
  return { station: 'roof', seq: seconds, observed_at: at(seconds), temperature_c }
}

describe('the panel', async () => {
  vi.useFakeTimers({ now })
  vi.stubGlobal('document', { visibilityState: 'hidden', baseURI: 'http://gateway/', addEventListener: () => {} })
  vi.stubGlobal('location', { href: 'http://gateway/' })
  vi.stubGlobal('window', { history: { replaceState: () => {} } })
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('fetch', (url: URL) => Promise.resolve(gateway.answer(url)))
  const { Panel } = await import('./panel.svelte')
  let panel: InstanceType<typeof Panel>

  beforeEach(async () => {
    vi.useFakeTimers({ now })
    Object.assign(gateway, { broken: false, last: reading(-10, 5) })
    panel = new Panel(() => source)
    await panel.start()
    say('open')
    await vi.advanceTimersByTimeAsync(0)
    gateway.asked.length = 0
  })
  afterEach(() => {
    vi.clearAllTimers()
  })

  it('shows the first station that is online, with its history', () => {
    expect(panel.connection).toBe('live')
    expect(panel.stations).toHaveLength(1)
    expect(panel.selected?.last_reading?.values.temperature_c).toBe(5)
    expect(panel.history?.slots).toHaveLength(1)
    expect(panel.episodes).toEqual([])
  })

  it('takes a newer reading to the card and the chart without asking again', async () => {
    say('reading', reading(1, 9))
    await vi.advanceTimersByTimeAsync(600)
    expect(panel.selected?.last_reading?.values.temperature_c).toBe(9)
    expect(panel.history?.slots.at(-1)?.values.temperature_c?.max).toBe(9)
    expect(gateway.asked).toEqual([])
  })

  it('keeps a backlog off the cards, and asks again once when it has passed', async () => {
    for (let i = 2_000; i > 0; i -= 1) say('reading', reading(-20_000 - i, -40))
    say('reading', reading(2, 9))
    for (let i = 2_000; i > 0; i -= 1) say('reading', reading(-10_000 - i, -40))
    await vi.advanceTimersByTimeAsync(600)
    expect(panel.selected?.last_reading?.values.temperature_c).toBe(9)
    expect(panel.history?.slots).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1_500)
    expect(gateway.asked.filter((route) => route === 'readings')).toHaveLength(1)
    expect(panel.selected?.last_reading?.values.temperature_c).toBe(9)
  })

  it('shows a status at once', () => {
    say('reading', reading(3, 6))
    say('status', { station: 'roof', state: 'offline', since: at(3) })
    expect(panel.selected).toMatchObject({ state: 'offline', last_reading: { values: { temperature_c: 6 } } })
  })

  it('asks for everything after a reset', async () => {
    say('reset')
    await vi.advanceTimersByTimeAsync(0)
    expect(gateway.asked.sort()).toEqual(['anomalies', 'events', 'readings', 'stations'])
  })

  it('left open for thirty hours holds a day of them, and a bounded list of episodes', async () => {
    for (let minute = 2; minute <= 1_800; minute += 2) {
      say('reading', reading(60 * minute, minute % 30))
      say('anomaly', { id: minute, station: 'roof', quantity: 'temperature_c', kind: 'spike', flag: 3, state: 'open', from: at(60 * minute), to: at(60 * minute), evidence: '' })
      await vi.advanceTimersByTimeAsync(120_000)
    }
    expect(panel.history?.slots.length).toBeGreaterThan(715)
    expect(panel.history?.slots.length).toBeLessThanOrEqual(722)
    expect(panel.episodes).toHaveLength(500)
    expect(panel.selected?.last_reading?.observed_at).toBe(at(108_000))
    // Four polls a minute, and at the beginning once all: what the stream says is asked for by nobody.
    expect(gateway.asked.filter((route) => route !== 'stations')).toEqual(['readings', 'anomalies', 'events'])
    expect(gateway.asked.length).toBeLessThan(4 * 1_800 + 5)
  }, 60_000)

  it('keeps what it has when the gateway fails, says so, and recovers', async () => {
    gateway.broken = true
    await panel.refresh()
    expect(panel.stationsProblem).toMatchObject({ status: 500, message: 'No store' })
    expect(panel.historyProblem?.status).toBe(500)
    expect(panel.history?.slots).toHaveLength(1)
    gateway.broken = false
    await panel.refresh()
    expect(panel.stationsProblem ?? panel.historyProblem ?? panel.episodesProblem).toBeNull()
  })
})
