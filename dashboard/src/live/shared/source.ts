/**
 * The stream as a tab sees it: from the shared worker where there is one (most browsers), else from the tab that holds
 * a lock and passes on what it hears over a channel, else a connection of its own.
 */
import type { Source } from '../../api/stream'
import { eventSource, Hub, type Message } from './hub'

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
      } else if (type === 'error') this.readyState = 0
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
  readonly #channel: BroadcastChannel
  readonly #ended = new AbortController()
  #hub: Hub | null = null
  #release: () => void = () => {}

  constructor(address: string) {
    super()
    this.#channel = new BroadcastChannel(`minuano ${address}`)
    this.#channel.onmessage = ({ data }: MessageEvent<Message[] | 'hello'>) => {
      if (data !== 'hello') this.take(data)
      else if (this.#hub) this.#channel.postMessage(this.#hub.greeting())
    }
    this.#channel.postMessage('hello')
    const lead = () => {
      if (this.#ended.signal.aborted) return Promise.resolve()
      // A leader that went away may have left this tab believing that it is connected.
      this.take([{ type: 'error' }])
      this.#hub = new Hub(eventSource(address), (batch) => {
        this.take(batch)
        this.#channel.postMessage(batch)
      })
      this.#hub.start()
      return new Promise<void>((resolve) => (this.#release = resolve))
    }
    navigator.locks.request(`minuano ${address}`, { signal: this.#ended.signal }, lead).catch(() => {})
  }

  close(): void {
    this.#hub?.stop()
    this.#channel.close()
    this.#release()
    this.#ended.abort()
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
