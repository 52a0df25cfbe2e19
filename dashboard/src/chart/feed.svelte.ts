/**
 * The readings behind the charts: some stations, over the span shown and half of it on either side, so that the chart
 * can be moved before the next answer is there. Live readings are added at the end.
 */
import * as client from '../api/client'
import { Problem } from '../api/client'
import type { Episode, Reading, Resolution } from '../api/types'
import { History } from './history'
import { resolutionFor } from './resolution'

/** A moving chart asks for nothing until it rests. */
const rest_ms = 150
/** Raw readings keep their own second. */
const second_ms = 1_000

export class Feed {
  histories = $state.raw<ReadonlyMap<string, History>>(new Map())
  episodes = $state.raw<readonly Episode[]>([])
  problem = $state.raw<Problem | null>(null)
  loading = $state(false)
  resolution = $state.raw<Resolution>('1m')
  #loaded: { names: string; from: number; to: number; resolution: Resolution; beginning: number } | null = null
  #since: Reading[] = []
  #asked = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Sees to it that this span of these stations is there. A new `beginning` asks for all of it again. */
  want(names: readonly string[], from: number, to: number, beginning: number): void {
    const resolution = resolutionFor(to - from)
    const key = names.join()
    const have = this.#loaded
    if (have?.names === key && have.resolution === resolution && have.from <= from && have.to >= to && have.beginning === beginning) return
    clearTimeout(this.#timer)
    const first = have?.names !== key
    if (first) this.histories = new Map()
    this.#timer = setTimeout(() => void this.#load(names, from, to, resolution, beginning), first ? 0 : rest_ms)
  }

  retry(): void {
    this.#loaded = null
  }

  /** Live readings. */
  take(readings: readonly Reading[]): void {
    if (this.loading) this.#since.push(...readings)
    const changed = new Map(this.histories)
    for (const [name, history] of this.histories) {
      const own = readings.filter((reading) => reading.station === name && Date.parse(reading.observed_at) >= (this.#loaded?.from ?? 0))
      if (own.length > 0) changed.set(name, history.with(own, this.#loaded?.from ?? 0))
    }
    this.histories = changed
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#asked.abort()
  }

  async #load(names: readonly string[], from: number, to: number, resolution: Resolution, beginning: number): Promise<void> {
    this.#asked.abort()
    this.#asked = new AbortController()
    const { signal } = this.#asked
    const margin = (to - from) / 2
    const [first, last] = [from - margin, to + margin]
    this.loading = true
    this.#since = []
    try {
      const [all, episodes] = await Promise.all([
        Promise.all(names.map((name) => client.readings(name, first, last, signal, resolution))),
        Promise.all(names.map((name) => client.episodes(name, first, last, signal))),
      ])
      if (signal.aborted) return
      this.histories = new Map(
        names.map((name, index) => {
          const history = History.from(all[index] ?? { resolution: 'raw', items: [] }, second_ms)
          return [name, history.with(this.#since.filter(({ station }) => station === name), first)]
        }),
      )
      this.episodes = episodes.flat()
      this.resolution = resolution
      this.problem = null
      this.#loaded = { names: names.join(), from: first, to: last, resolution, beginning }
    } catch (error) {
      if (!signal.aborted) this.problem = error instanceof Problem ? error : new Problem(0, '')
    } finally {
      if (!signal.aborted) this.loading = false
    }
  }
}
