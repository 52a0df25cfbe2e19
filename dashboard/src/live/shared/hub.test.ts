import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fullBatch, Hub, type Message } from './hub'

type Event = { data?: unknown; lastEventId?: string }

function fixture() {
  const opened: { last: string | null; say: (type: string, event?: Event) => void; state: { readyState: number } }[] = []
  const sent: Message[] = []
  const hub = new Hub(
    (last) => {
      const listeners = new Map<string, (event: Event) => void>()
      const state = { readyState: 1 }
      opened.push({ last, state, say: (type, event = {}) => listeners.get(type)?.(event) })
      return { get readyState() { return state.readyState }, addEventListener: (type, listener) => void listeners.set(type, listener), close: () => {} }
    },
    (batch) => void sent.push(...batch),
  )
  return { hub, opened, sent }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('tells a tab that joins how the connection is, and nothing while it is made for the first time', () => {
  const { hub, opened } = fixture()
  expect(hub.greeting()).toEqual([])
  hub.start()
  expect(hub.greeting()).toEqual([])
  opened[0]?.say('open')
  expect(hub.greeting()).toEqual([{ type: 'open' }])
  opened[0]?.say('error')
  expect(hub.greeting()).toEqual([{ type: 'error' }])
  hub.stop()
  expect(hub.greeting()).toEqual([])
})

it('resumes after the last id when the browser gave the connection up', () => {
  const { hub, opened, sent } = fixture()
  hub.start()
  opened[0]?.say('open')
  opened[0]?.say('reading', { data: '{}', lastEventId: '5eed-7' })
  expect(hub.greeting()).toEqual([{ type: 'open' }])
  Object.assign(opened[0]?.state ?? {}, { readyState: 2 })
  opened[0]?.say('error')
  vi.advanceTimersByTime(1_000)
  expect(opened.map(({ last }) => last)).toEqual([null, '5eed-7'])
  expect(sent.map(({ type }) => type)).toEqual(['open', 'reading', 'error'])
})

it('hands events on in batches, and bounds a batch', () => {
  const { hub, opened, sent } = fixture()
  hub.start()
  for (let i = 0; i <= fullBatch; i += 1) opened[0]?.say('reading', { data: String(i) })
  expect(sent).toEqual([])
  vi.advanceTimersByTime(100)
  expect(sent).toEqual([{ type: 'reset' }, { type: 'reading', data: String(fullBatch) }])
  expect(hub.dropped).toBe(fullBatch)
})
