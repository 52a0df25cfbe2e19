/** The live stream: an EventSource that is opened again when the browser has given it up. */
import * as decode from './decode'
import type { Episode, Reading, StatusEvent } from './types'

export type Connection = 'connecting' | 'live' | 'reconnecting'

export interface StreamListener {
  connection(state: Connection): void
  /** A stream that does not continue an earlier one, so whatever was said before it is unknown. */
  fresh(): void
  reading(reading: Reading): void
  status(status: StatusEvent): void
  episode(episode: Episode): void
}

/** What of EventSource is used here; a test passes its own. */
export interface Source {
  readonly readyState: number
  addEventListener(type: string, listener: (event: { data?: unknown; lastEventId?: string }) => void): void
  close(): void
}

const closed = 2
const longestPause = 30_000

export class Stream {
  #source: Source | null = null
  #attempts = 0
  #opened = false
  #again: ReturnType<typeof setTimeout> | undefined
  readonly #listener: StreamListener
  readonly #open: () => Source

  constructor(listener: StreamListener, open: () => Source) {
    this.#listener = listener
    this.#open = open
  }

  start(): void {
    this.stop()
    let continues = false
    const source = this.#open()
    this.#source = source
    this.#listener.connection(this.#opened ? 'reconnecting' : 'connecting')
    source.addEventListener('open', () => {
      this.#attempts = 0
      this.#opened = true
      this.#listener.connection('live')
      if (!continues) this.#listener.fresh()
      continues = true
    })
    source.addEventListener('error', () => {
      this.#listener.connection('reconnecting')
      // The browser retries by itself after a dropped connection, but never after an error answer.
      if (source.readyState === closed) this.#retry()
    })
    source.addEventListener('reset', () => this.#listener.fresh())
    this.#on(source, 'reading', decode.reading, (reading) => this.#listener.reading(reading))
    this.#on(source, 'status', decode.status, (status) => this.#listener.status(status))
    this.#on(source, 'anomaly', decode.anomaly, (episode) => this.#listener.episode(episode))
    this.#on(source, 'weather', decode.weather, (episode) => this.#listener.episode(episode))
  }

  stop(): void {
    clearTimeout(this.#again)
    this.#source?.close()
    this.#source = null
  }

  #on<T>(source: Source, type: string, decode: (value: unknown) => T | null, take: (value: T) => void): void {
    source.addEventListener(type, ({ data }) => {
      const value = decode(parse(data))
      if (value !== null) take(value)
    })
  }

  #retry(): void {
    clearTimeout(this.#again)
    const pause = Math.min(longestPause, 1_000 * 2 ** this.#attempts)
    this.#attempts += 1
    this.#again = setTimeout(() => this.start(), pause * (0.5 + Math.random() / 2))
  }
}

function parse(data: unknown): unknown {
  try {
    return typeof data === 'string' ? JSON.parse(data) : null
  } catch {
    return null
  }
}
