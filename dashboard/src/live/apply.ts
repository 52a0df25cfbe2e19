/** What an event or a new answer changes in the list of stations. Pure: the lists are never altered in place. */
import type { Episode, Extremes, Reading, Station, StatusEvent, Today } from '../api/types'
import { dateIn } from '../format/zone'
import { quantities } from '../quantity/quantities'

const fail = 4

/** An episode list longer than this would only hide the newest. */
export const mostEpisodes = 500

export function isNewer(reading: Reading, than: Reading | null): boolean {
  return than === null || Date.parse(reading.observed_at) > Date.parse(than.observed_at)
}

/** The station after a reading that is newer than its last one. */
export function withReading(station: Station, reading: Reading): Station {
  return {
    ...station,
    last_reading: reading,
    last_seen: later(station.last_seen, reading.received_at),
    today: extended(station.today, reading),
  }
}

export function withStatus(stations: readonly Station[], status: StatusEvent): Station[] {
  return stations.map((station) =>
    station.station === status.station ? { ...station, state: status.state, since: status.since } : station,
  )
}

/** Fetched stations, but never older than what the stream has said while the answer was under way. */
export function refreshed(known: readonly Station[], fetched: readonly Station[]): Station[] {
  return fetched.map((station) => {
    const old = known.find((each) => each.station === station.station)
    if (!old) return station
    let next = station
    if (old.last_reading && isNewer(old.last_reading, station.last_reading)) {
      next = withReading(next, old.last_reading)
    }
    if (old.since !== null && later(old.since, station.since) !== station.since) {
      next = { ...next, state: old.state, since: old.since }
    }
    return next
  })
}

function extended(today: Today | null, reading: Reading): Today | null {
  if (!today) return null
  const date = dateIn(today.zone, Date.parse(reading.observed_at))
  if (date < today.date) return today
  const before = date === today.date ? today.quantities : {}
  const after: Today['quantities'] = { ...before }
  for (const quantity of quantities) {
    const value = reading.values[quantity]
    if (value === undefined || reading.flags[quantity] === fail) continue
    after[quantity] = widened(before[quantity], value, reading.observed_at)
  }
  return { date, zone: today.zone, quantities: after }
}

function widened(extremes: Extremes | undefined, value: number, at: string): Extremes {
  if (!extremes) return { min: value, min_at: at, max: value, max_at: at }
  if (value < extremes.min) return { ...extremes, min: value, min_at: at }
  if (value > extremes.max) return { ...extremes, max: value, max_at: at }
  return extremes
}

function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return Date.parse(a) > Date.parse(b) ? a : b
}

/** The episodes that touch the time since `from`: open ones first, then the newest first. */
export function withEpisode(episodes: readonly Episode[], changed: Episode, from: number): Episode[] {
  return arranged([...episodes.filter((each) => each.key !== changed.key), changed], from)
}

export function arranged(episodes: readonly Episode[], from: number): Episode[] {
  return episodes
    .filter((each) => each.state === 'open' || Date.parse(each.to ?? each.from) >= from)
    .sort((a, b) =>
      a.state === b.state ? Date.parse(b.from) - Date.parse(a.from) || b.key.localeCompare(a.key) : a.state === 'open' ? -1 : 1,
    )
    .slice(0, mostEpisodes)
}
