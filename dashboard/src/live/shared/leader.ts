/** One tab holds the connection for all, for as long as it is there, and passes on what it hears over a channel. */
import { eventSource, Hub, type Message } from './hub'

export class Leader {
  readonly #channel: BroadcastChannel
  readonly #ended = new AbortController()
  #hub: Hub | null = null
  #release: () => void = () => {}

  constructor(address: string, take: (batch: readonly Message[]) => void) {
    this.#channel = new BroadcastChannel(`minuano ${address}`)
    this.#channel.onmessage = ({ data }: MessageEvent<Message[] | 'hello'>) => {
      if (data !== 'hello') take(data)
      else if (this.#hub) this.#channel.postMessage(this.#hub.greeting())
    }
    this.#channel.postMessage('hello')
    const lead = () => {
      if (this.#ended.signal.aborted) return Promise.resolve()
      // A leader that went away may have left this tab believing that it is connected.
      take([{ type: 'error' }])
      this.#hub = new Hub(eventSource(address), (batch) => {
        take(batch)
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
