/**
 * A screen that nobody touches (`?kiosk`): it shows each station in turn, now and as charts, stays awake, and loads
 * itself anew once a day, after an error of the page, and when the gateway answers but its stream has long been away.
 */
import type { Connection } from '../api/stream'
import type { Station } from '../api/types'
import { shown } from '../view/view.svelte'

const turn_ms = 20_000
const renew_ms = 24 * 3_600_000
/** The stream mends itself well within this. */
const patience_ms = 300_000

interface Watched {
  readonly stations: readonly Station[] | null
  readonly connection: Connection
}

export class Kiosk {
  readonly #panel: Watched
  readonly #reload: () => void
  #on = false
  #broken: ReturnType<typeof setTimeout> | undefined

  constructor(panel: Watched, reload: () => void = () => location.reload()) {
    this.#panel = panel
    this.#reload = reload
  }

  /** Begins; gives what ends it. */
  follow(): () => void {
    this.#on = true
    const ended = new AbortController()
    const { signal } = ended
    const turn = setInterval(() => this.#turn(), turn_ms)
    const renew = setInterval(() => void this.#reachable(), renew_ms)
    let live = Date.now()
    const watch = setInterval(() => {
      if (this.#panel.connection === 'live') live = Date.now()
      else if (Date.now() - live > patience_ms) void this.#reachable()
    }, turn_ms)
    let lock: { release(): Promise<void> } | undefined
    const stayAwake = async () => {
      // The browser takes the lock away from a hidden page.
      if (document.visibilityState !== 'visible') return
      lock = await navigator.wakeLock?.request('screen').catch(() => undefined)
    }
    void stayAwake()
    document.addEventListener('visibilitychange', () => void stayAwake(), { signal })
    for (const kind of ['error', 'unhandledrejection', 'vite:preloadError']) addEventListener(kind, () => this.broke(), { signal })
    document.documentElement.dataset.kiosk = ''
    return () => {
      this.#on = false
      clearInterval(turn)
      clearInterval(renew)
      clearInterval(watch)
      clearTimeout(this.#broken)
      this.#broken = undefined
      ended.abort()
      void lock?.release()
      delete document.documentElement.dataset.kiosk
    }
  }

  /** An error in a page that nobody watches: begin again, but not faster than a person could read it. */
  broke(): void {
    if (this.#on) this.#broken ??= setTimeout(() => void this.#reachable(), turn_ms)
  }

  /** Loads anew, if there is something to load: without the gateway the screen keeps its last values. */
  async #reachable(): Promise<void> {
    const answered = await fetch(new URL('healthz', document.baseURI), { cache: 'no-store' }).then(({ ok }) => ok, () => false)
    if (answered) this.#reload()
    else this.#broken = undefined
  }

  #turn(): void {
    const names = (this.#panel.stations ?? []).map(({ station }) => station)
    const { page, station } = shown.now
    // Nothing new can be drawn: the last values stay.
    if (this.#panel.connection !== 'live') {
      if (page !== 'now') shown.go({ page: 'now' }, true)
      return
    }
    if (page === 'now' || names.length === 0) {
      shown.go({ page: 'charts', station: station ?? names[0] ?? null }, true)
      return
    }
    const next = names[(names.indexOf(station ?? '') + 1) % names.length] ?? null
    shown.go({ page: 'now', station: next }, true)
  }
}
