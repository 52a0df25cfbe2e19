import type { Station } from '../api/types'

/** As the gateway judges it: three report intervals of silence, and at least five seconds. */
export function isStale(station: Station, now: number): boolean {
  const at = station.last_reading?.observed_at
  if (at === undefined || station.state !== 'online') return true
  return now - Date.parse(at) > Math.max(5_000, 3_000 * (station.report_s ?? 10))
}
