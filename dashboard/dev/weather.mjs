// Made-up weather for the mock gateway: smooth, plausible and the same at every call for the same moment.
// Times are milliseconds since 1970; the day's course follows the sun at the station's longitude.

const hour = 3_600_000

function noise(x, seed) {
  const at = (n) => {
    const h = Math.sin(n * 127.1 + seed * 311.7) * 43_758.5453
    return h - Math.floor(h) - 0.5
  }
  const i = Math.floor(x)
  const f = x - i
  return at(i) + (at(i + 1) - at(i)) * f * f * (3 - 2 * f)
}

export function weatherAt(at, { longitude, seed, base }) {
  const solar = (at / hour + longitude / 15) % 24
  const sun = Math.max(0, Math.sin(((solar - 6.6) / 10.8) * Math.PI)) * (solar > 6.6 && solar < 17.4 ? 1 : 0)
  const warm = Math.cos(((solar - 14.8) / 24) * 2 * Math.PI)
  const clouds = 0.5 + noise(at / (0.4 * hour), seed)
  const temperature = base.temperature + 7.5 * warm + 1.6 * noise(at / hour, seed + 1) + 0.25 * noise(at / 90_000, seed + 2)
  const humidity = 58 - 26 * warm + 9 * noise(at / (1.5 * hour), seed + 3) + 0.8 * noise(at / 60_000, seed + 4)
  const pressure =
    base.pressure + 5 * noise(at / (11 * hour), seed + 5) + 0.5 * Math.cos((solar / 6) * Math.PI) + 0.06 * noise(at / 120_000, seed + 6)
  const light = sun * 82_000 * (0.25 + 0.75 * Math.min(1, clouds)) * (1 + 0.15 * noise(at / 45_000, seed + 7))
  const round = (value, places) => Math.round(value * 10 ** places) / 10 ** places
  return {
    temperature_c: round(temperature, 2),
    pressure_hpa: round(pressure, 2),
    humidity_pct: round(Math.min(100, Math.max(3, humidity)), 2),
    illuminance_lx: round(Math.max(0.2, light), 1),
  }
}
