/**
 * The one connection to the gateway that all tabs share. It resumes by `Last-Event-ID`, also where the browser has
 * given a connection up, and hands on what came in small batches. It runs in the shared worker, or in one of the tabs.
 */
import type { Source } from '../../api/stream'

/** `data` is the event's own text; a tab decodes it. */
export interface Message {
  type: 'open' | 'error' | (typeof events)[number]
  data?: string
}

const events = ['reset', 'reading', 'status', 'anomaly', 'weather'] as const
const closed = 2
const longestPause_ms = 30_000
/** A batch waits this long, so that thousands of events cost a tab a few messages. */
const batch_ms = 80
/** A batch fuller than this is dropped, and the tabs are told to begin again. */
export const fullBatch = 5_000

export class Hub {
  /** How many events a full batch has turned away. */
  dropped = 0
  #source: Source | null = null
  /** What the connection said last; null: it is being made for the first time. */
  #said: 'open' | 'error' | null = null
  #attempts = 0
  #last: string | null = null
  #batch: Message[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #again: ReturnType<typeof setTimeout> | undefined
  readonly #open: (last: string | null) => Source
  readonly #send: (batch: Message[]) => void

  constructor(open: (last: string | null) => Source, send: (batch: Message[]) => void) {
    this.#open = open
    this.#send = send
  }

  /** What a tab that joins should know at once. A connection that was never there is not lost. */
  greeting(): Message[] {
    return this.#said === null ? [] : [{ type: this.#said }]
  }

  /** Connects unless it is connected. */
  start(): void {
    if (this.#source && this.#said === 'open') return
    this.#end()
    const source = this.#open(this.#last)
    this.#source = source
    source.addEventListener('open', () => {
      this.#attempts = 0
      this.#said = 'open'
      this.#push({ type: 'open' }, true)
    })
    source.addEventListener('error', () => {
      this.#said = 'error'
      this.#push({ type: 'error' }, true)
      // The browser retries by itself after a dropped connection, but never after an error answer.
      if (source.readyState === closed) this.#retry()
    })
    for (const type of events) {
      source.addEventListener(type, ({ data, lastEventId }) => {
        if (lastEventId) this.#last = lastEventId
        this.#push(typeof data === 'string' ? { type, data } : { type })
      })
    }
  }

  stop(): void {
    this.#end()
    this.#said = null
  }

  #end(): void {
    clearTimeout(this.#again)
    this.#source?.close()
    this.#source = null
  }

  #push(message: Message, now = false): void {
    if (this.#batch.length >= fullBatch) {
      this.dropped += this.#batch.length
      this.#batch = [{ type: 'reset' }]
    }
    this.#batch.push(message)
    if (now) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), batch_ms)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#batch
    this.#batch = []
    if (batch.length > 0) this.#send(batch)
  }

  #retry(): void {
    this.#end()
    const pause = Math.min(longestPause_ms, 1_000 * 2 ** this.#attempts)
    this.#attempts += 1
    this.#again = setTimeout(() => this.start(), pause * (0.5 + Math.random() / 2))
  }
}

/** The real connection: a header cannot be set on it, so the last id goes into the address. */
export function eventSource(address: string): (last: string | null) => Source {
  return (last) => new EventSource(last === null ? address : `${address}?last_event_id=${encodeURIComponent(last)}`)
}
