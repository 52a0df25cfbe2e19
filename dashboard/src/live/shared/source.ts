/**
 * The stream as a tab sees it: from the shared worker where there is one (most browsers), else from the tab that holds
 * a lock and passes on what it hears over a channel, else a connection of its own.
 */
import type { Source } from '../../api/stream'
import type { Message } from './hub'

const closed = 2

type Listener = (event: { data?: unknown }) => void

abstract class Shared implements Source {
  readyState = 0
  readonly #listeners = new Map<string, Listener[]>()

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  protected take(batch: readonly Message[]): void {
    for (const { type, data } of batch) {
      if (type === 'open') {
        // A greeting to another tab is nothing new to this one.
        if (this.readyState === 1) continue
        this.readyState = 1
      } else if (type === 'error' && this.readyState !== closed) this.readyState = 0
      for (const listener of this.#listeners.get(type) ?? []) listener({ data })
    }
  }

  abstract close(): void
}

class FromWorker extends Shared {
  readonly #port: MessagePort
  #release: () => void = () => {}

  constructor(worker: SharedWorker) {
    super()
    this.#port = worker.port
    this.#port.onmessage = ({ data }: MessageEvent<Message[]>) => this.take(data)
    // Its script did not come: nobody will ever speak from there.
    worker.onerror = () => {
      this.readyState = closed
      this.take([{ type: 'error' }])
    }
    const name = `lock:${crypto.randomUUID?.() ?? Math.random()}`
    void navigator.locks?.request(name, () => {
      this.#port.postMessage(name)
      return new Promise<void>((resolve) => (this.#release = resolve))
    })
  }

  close(): void {
    this.#port.postMessage('bye')
    this.#release()
  }
}

class FromLeader extends Shared {
  #leader: { close(): void } | null = null

  constructor(address: string) {
    super()
    // Few browsers need it.
    import('./leader').then(
      ({ Leader }) => {
        if (this.readyState !== closed) this.#leader = new Leader(address, (batch) => this.take(batch))
      },
      () => {
        this.readyState = closed
        this.take([{ type: 'error' }])
      },
    )
  }

  close(): void {
    this.readyState = closed
    this.#leader?.close()
  }
}

export function sharedSource(address: string): Source {
  if (typeof SharedWorker === 'function') {
    try {
      return new FromWorker(new SharedWorker(new URL('./stream.worker.ts', import.meta.url), { type: 'module', name: address }))
    } catch {
      // Some private modes have the name without the thing.
    }
  }
  if (typeof BroadcastChannel === 'function' && navigator.locks) return new FromLeader(address)
  return new EventSource(address)
}
