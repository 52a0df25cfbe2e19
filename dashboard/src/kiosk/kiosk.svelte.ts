/**
 * A screen that nobody touches (`?kiosk`): it shows each station in turn, now and as charts, stays awake, and loads
 * itself anew once a day and whenever it has been unconnected for long.
 */
import type { Station } from '../api/types'
import { shown } from '../view/view.svelte'

const turn_ms = 20_000
const renew_ms = 24 * 3_600_000

export class Kiosk {
  readonly #stations: () => readonly Station[]

  constructor(stations: () => readonly Station[]) {
    this.#stations = stations
  }

  /** Runs while `on`; gives what ends it. */
  follow(on: boolean): () => void {
    if (!on) return () => {}
    const ended = new AbortController()
    const turn = setInterval(() => this.#turn(), turn_ms)
    const renew = setInterval(() => location.reload(), renew_ms)
    let lock: { release(): Promise<void> } | undefined
    const stayAwake = async () => {
      // The browser takes the lock away from a hidden page.
      if (document.visibilityState !== 'visible') return
      lock = await navigator.wakeLock?.request('screen').catch(() => undefined)
    }
    void stayAwake()
    document.addEventListener('visibilitychange', () => void stayAwake(), { signal: ended.signal })
    // A script error in a page that nobody watches: begin again.
    addEventListener('unhandledrejection', () => setTimeout(() => location.reload(), turn_ms), { signal: ended.signal, once: true })
    document.documentElement.dataset.kiosk = ''
    return () => {
      clearInterval(turn)
      clearInterval(renew)
      ended.abort()
      void lock?.release()
      delete document.documentElement.dataset.kiosk
    }
  }

  #turn(): void {
    const names = this.#stations().map(({ station }) => station)
    const { page, station } = shown.now
    if (page === 'now' || names.length === 0) {
      shown.go({ page: 'charts', station: station ?? names[0] ?? null }, true)
      return
    }
    const next = names[(names.indexOf(station ?? '') + 1) % names.length] ?? null
    shown.go({ page: 'now', station: next }, true)
  }
}
