/** What the panel knows: fetched once, then kept up to date by the stream. */
import * as client from '../api/client'
import { Problem } from '../api/client'
import { Stream, type Connection, type Source } from '../api/stream'
import type { Episode, Reading, Station } from '../api/types'
import { day_ms, History } from '../chart/history'
import { store, stored } from '../preferences/stored'
import { sharedSource } from './shared/source'
import { arranged, isNewer, refreshed, withEpisode, withReading, withStatus } from './apply'
import { clock } from './clock.svelte'
import { Frames } from './frames'
import { Pace } from './pace'

/** Health, counts and log depth are not on the stream. */
const poll_ms = 15_000

export class Panel {
  stations = $state.raw<Station[] | null>(null)
  connection = $state<Connection>('connecting')
  history = $state.raw<History | null>(null)
  episodes = $state.raw<Episode[] | null>(null)
  /** Counts the streams that continue no earlier one: what was fetched before may have missed something. */
  beginnings = $state(0)
  /** Counts what the stream told of episodes, of any station. */
  changes = $state(0)
  stationsProblem = $state.raw<Problem | null>(null)
  historyProblem = $state.raw<Problem | null>(null)
  episodesProblem = $state.raw<Problem | null>(null)
  #name = $state<string | null>(null)
  /** The station that the address names, if it is there. */
  wanted: string | null = null
  readonly selected = $derived(this.stations?.find(({ station }) => station === this.#name) ?? null)

  /** The selected station's readings since its history was asked for: the answer may not hold them yet. */
  #sinceAsked: Reading[] | null = null
  #asked = new AbortController()
  readonly #frames = new Frames<Reading>((readings) => this.#take(readings))
  /** Never aborts an answer that is under way, or a slow gateway would never finish one. */
  readonly #refetch = new Pace(() => (this.#refreshing ? this.#refetch.poke() : void this.refresh()))
  #refreshing = false
  readonly #stream: Stream
  /** What else wants each frame's readings, such as the charts. */
  readonly #watchers = new Set<(readings: readonly Reading[]) => void>()

  constructor(open: () => Source = () => sharedSource(client.streamAddress)) {
    this.#stream = new Stream(
      {
        connection: (state) => {
          this.connection = state
          if (state === 'reconnecting' && this.stations === null) void this.refreshStations()
        },
        fresh: () => {
          this.beginnings += 1
          // What was asked for a moment before the first stream lacks little: the screen comes first.
          if (this.beginnings === 1 && this.stations !== null) this.#refetch.poke()
          else void this.refresh()
        },
        reading: (reading) => {
          this.#frames.push(reading)
        },
        status: (status) => {
          // A frame's wait must not let an earlier reading be applied after this.
          this.#frames.flush()
          if (!this.stations?.some(({ station }) => station === status.station)) this.#refetch.poke()
          this.stations &&= withStatus(this.stations, status)
        },
        episode: (episode) => {
          this.changes += 1
          if (episode.station === this.#name && this.episodes) {
            this.episodes = withEpisode(this.episodes, episode, clock.now - day_ms)
          }
        },
      },
      open,
    )
  }

  /** The values first, then what keeps them up to date: opening a stream must not hold the first paint up. */
  async start(): Promise<void> {
    await this.refreshStations()
    this.#stream.start()
    setInterval(() => void this.#poll(), poll_ms)
    addEventListener('online', () => this.#stream.start())
    document.addEventListener('visibilitychange', () => {
      // A laptop that slept may hold a stream that is long dead.
      if (document.visibilityState === 'visible') this.#refetch.poke()
    })
  }

  /** Calls back with each frame's readings until the returned function is called. */
  watch(watcher: (readings: readonly Reading[]) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  select(name: string): void {
    if (name === this.#name) return
    this.#name = name
    store('station', name)
    this.history = null
    this.episodes = null
    this.historyProblem = null
    this.episodesProblem = null
    void this.refreshSelected()
  }

  async refresh(): Promise<void> {
    const before = this.#name
    this.#refreshing = true
    await this.refreshStations()
    // Selecting for the first time has fetched already.
    if (before !== null) await this.refreshSelected()
    this.#refreshing = false
  }

  async refreshStations(): Promise<void> {
    try {
      const fetched = await client.stations()
      this.#frames.flush()
      this.stations = refreshed(this.stations ?? [], fetched)
      this.stationsProblem = null
    } catch (error) {
      this.stationsProblem = problem(error)
      return
    }
    if (this.selected === null) {
      const first = this.#preferred(this.stations)
      if (first !== null) this.select(first)
    }
  }

  async #poll(): Promise<void> {
    await this.refreshStations()
    if (this.stationsProblem === null && (this.historyProblem ?? this.episodesProblem)) await this.refreshSelected()
  }

  async refreshSelected(): Promise<void> {
    this.#asked.abort()
    this.#asked = new AbortController()
    const { signal } = this.#asked
    await Promise.all([this.refreshHistory(signal), this.refreshEpisodes(signal)])
  }

  async refreshHistory(signal = this.#asked.signal): Promise<void> {
    const name = this.#name
    if (name === null) return
    const to = clock.now + 60_000
    this.#sinceAsked = []
    try {
      const readings = await client.readings(name, to - 60_000 - day_ms, to, signal)
      if (signal.aborted) return
      this.#frames.flush()
      this.history = History.from(readings).with(this.#sinceAsked ?? [], clock.now - day_ms)
      this.historyProblem = null
    } catch (error) {
      if (!signal.aborted) this.historyProblem = problem(error)
    } finally {
      if (!signal.aborted) this.#sinceAsked = null
    }
  }

  async refreshEpisodes(signal = this.#asked.signal): Promise<void> {
    const name = this.#name
    if (name === null) return
    const now = clock.now
    try {
      const found = await client.episodes(name, now - day_ms, now + 60_000, signal)
      if (signal.aborted) return
      this.episodes = arranged(found, now - day_ms)
      this.episodesProblem = null
    } catch (error) {
      if (!signal.aborted) this.episodesProblem = problem(error)
    }
  }

  /**
   * One frame's readings. Those newer than what is shown go to the cards and the charts; a backlog's
   * are left to the gateway, which is asked again once they have passed.
   */
  #take(readings: Reading[]): void {
    for (const watcher of this.#watchers) watcher(readings)
    if (this.stations === null) return
    const stations = new Map(this.stations.map((station) => [station.station, station]))
    const fresh: Reading[] = []
    for (const reading of readings) {
      const station = stations.get(reading.station)
      if (station && isNewer(reading, station.last_reading)) {
        stations.set(reading.station, withReading(station, reading))
        if (reading.station === this.#name) fresh.push(reading)
      } else if (!station || reading.station === this.#name) {
        this.#refetch.poke()
      }
    }
    this.stations = [...stations.values()]
    if (fresh.length === 0) return
    this.#sinceAsked?.push(...fresh)
    this.history = this.history?.with(fresh, clock.now - day_ms) ?? null
  }

  #preferred(stations: readonly Station[]): string | null {
    const names = stations.map(({ station }) => station)
    const wanted = [this.wanted, stored('station')]
    return (
      wanted.find((name) => name !== null && names.includes(name)) ??
      stations.find(({ state }) => state === 'online')?.station ??
      names[0] ??
      null
    )
  }
}

function problem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, '')
}
