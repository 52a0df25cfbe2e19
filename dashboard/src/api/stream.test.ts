import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Stream, type Source, type StreamListener } from './stream'

class FakeSource implements Source {
  readyState = 0
  closed = false
  #listeners = new Map<string, (event: { data?: unknown }) => void>()
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void {
    this.#listeners.set(type, listener)
  }
  close(): void {
    this.closed = true
  }
  say(type: string, data?: unknown): void {
    this.#listeners.get(type)?.({ data })
  }
}

describe('the stream', () => {
  let sources: FakeSource[]
  let heard: string[]
  let stream: Stream

  beforeEach(() => {
    vi.useFakeTimers()
    sources = []
    heard = []
    const listener: StreamListener = {
      connection: (state) => heard.push(state),
      fresh: () => heard.push('fresh'),
      reading: (reading) => heard.push(`reading ${reading.seq}`),
      status: (status) => heard.push(`status ${status.state}`),
      episode: ({ key }) => heard.push(`episode ${key}`),
    }
    stream = new Stream(listener, () => {
      const source = new FakeSource()
      sources.push(source)
      return source
    })
    stream.start()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('asks for everything when it opens, and not when the browser resumes it', () => {
    sources[0]?.say('open')
    sources[0]?.say('error')
    sources[0]?.say('open')
    expect(heard).toEqual(['connecting', 'live', 'fresh', 'reconnecting', 'live'])
  })

  it('opens again what the browser has given up, later each time, and then asks for everything', () => {
    sources[0]?.say('open')
    for (let i = 0; i < 3; i += 1) {
      const last = sources.at(-1)
      if (last) last.readyState = 2
      last?.say('error')
      vi.advanceTimersByTime(1_000 * 2 ** i)
      expect(sources).toHaveLength(i + 2)
      expect(last?.closed).toBe(true)
    }
    heard.length = 0
    sources.at(-1)?.say('open')
    expect(heard).toEqual(['live', 'fresh'])
  })

  it('asks for everything on reset', () => {
    sources[0]?.say('open')
    heard.length = 0
    sources[0]?.say('reset', '{}')
    expect(heard).toEqual(['fresh'])
  })

  it('passes events on and drops what it cannot read', () => {
    heard.length = 0
    sources[0]?.say('reading', '{"station":"roof","seq":3,"observed_at":"2026-11-20T12:00:00Z"}')
    sources[0]?.say('reading', '{"station":')
    sources[0]?.say('reading', 'null')
    sources[0]?.say('status', '{"station":"roof","state":"offline","since":null}')
    expect(heard).toEqual(['reading 3', 'status offline'])
  })
})
