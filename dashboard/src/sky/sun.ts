/**
 * Where the sun stands. After the low-precision formulas of the Astronomical Almanac (good to about 0.01° in
 * the sun's place from 1950 to 2050); sunset is its upper edge on a flat horizon with standard refraction.
 */
const rad = Math.PI / 180
const day_ms = 86_400_000
const j2000 = Date.UTC(2000, 0, 1, 12)
const horizon = -0.833

/** Degrees above the horizon. */
export function elevation(at: number, latitude: number, longitude: number): number {
  const days = (at - j2000) / day_ms
  const anomaly = (357.528 + 0.9856003 * days) * rad
  const longitudeOfSun = (280.46 + 0.9856474 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * rad
  const tilt = (23.439 - 4e-7 * days) * rad
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(longitudeOfSun), Math.cos(longitudeOfSun))
  const declination = Math.asin(Math.sin(tilt) * Math.sin(longitudeOfSun))
  const sidereal = (280.46061837 + 360.98564736629 * days + longitude) * rad
  const hour = sidereal - ascension
  const sine = Math.sin(latitude * rad) * Math.sin(declination) + Math.cos(latitude * rad) * Math.cos(declination) * Math.cos(hour)
  return Math.asin(Math.max(-1, Math.min(1, sine))) / rad
}

export function isNight(at: number, latitude: number, longitude: number): boolean {
  return elevation(at, latitude, longitude) < horizon
}

const step_ms = 20 * 60_000

/** The nights that touch a span, as [sunset, sunrise] cut at its ends, to a few seconds. */
export function nights(from: number, to: number, latitude: number, longitude: number): [number, number][] {
  const found: [number, number][] = []
  let began = isNight(from, latitude, longitude) ? from : null
  for (let at = from; at < to; at += step_ms) {
    const next = Math.min(to, at + step_ms)
    const night = isNight(next, latitude, longitude)
    if (night === (began !== null)) continue
    const edge = crossing(at, next, latitude, longitude)
    if (began === null) began = edge
    else {
      found.push([began, edge])
      began = null
    }
  }
  if (began !== null) found.push([began, to])
  return found
}

/** Sunrise and sunset of the day that begins at `midnight`; null in a polar night or day. */
export function sunTimes(midnight: number, latitude: number, longitude: number): { rise: number | null; set: number | null } {
  const end = midnight + day_ms
  const dark = nights(midnight, end, latitude, longitude)
  return {
    rise: dark.find(([, to]) => to < end)?.[1] ?? null,
    set: dark.findLast(([from]) => from > midnight)?.[0] ?? null,
  }
}

function crossing(low: number, high: number, latitude: number, longitude: number): number {
  const before = isNight(low, latitude, longitude)
  while (high - low > 5_000) {
    const middle = (low + high) / 2
    if (isNight(middle, latitude, longitude) === before) low = middle
    else high = middle
  }
  return Math.round((low + high) / 2)
}
