// The mock gateway's three stations: one well, one with a broken sensor, one that went away two hours ago.
import { weatherAt } from './weather.mjs'

const hour = 3_600_000
const start = Date.now()
const iso = (at) => new Date(at).toISOString()

const bme280 = { part: 'bme280', address: 118, quantities: ['temperature_c', 'pressure_hpa', 'humidity_pct'] }
const bh1750 = { part: 'bh1750', address: 35, quantities: ['illuminance_lx'] }
const alamosa = { latitude: 37.7, longitude: -105.92, altitude_m: 2317, zone: 'America/Denver' }

function newStation(station, place, seed, base, extra = {}) {
  return {
    station, place, seed, base, state: 'online', since: start - 26 * hour, report_s: 10, row: seed * 100_000, seq: 8_640,
    lost: 0, silent: [], fault: () => null, ...extra,
  }
}

export const stations = [
  newStation('roof', { name: 'Roof', ...alamosa }, 1, { temperature: 2.4, pressure: 773.6 }, {
    silent: [[start - 9.2 * hour, start - 8.5 * hour]],
  }),
  newStation('garden', { name: 'Garden', ...alamosa, altitude_m: 2309 }, 2, { temperature: 1.1, pressure: 774.3 }, {
    since: start - 5 * hour,
    fault: (quantity, at) => (quantity === 'humidity_pct' && at > start - 0.7 * hour ? 'crc' : null),
    lost: 214,
  }),
  newStation('estufa', { name: 'Estufa', latitude: -30.03, longitude: -51.23, altitude_m: 10, zone: 'America/Sao_Paulo' }, 3,
    { temperature: 21, pressure: 1012.4 }, { state: 'offline', since: start - 2 * hour, silent: [[start - 2 * hour, Infinity]] }),
]

export function readingAt(s, at) {
  const reading = {
    row: (s.row += 1), station: s.station, stream: '9f2c41d07a3be658', seq: (s.seq += 1), observed_at: iso(at),
    received_at: iso(Math.max(at, Date.now())), clock: 'synchronised', samples: 10, flags: {}, faults: {},
  }
  for (const [quantity, value] of Object.entries(weatherAt(at, { longitude: s.place.longitude, seed: s.seed, base: s.base }))) {
    const fault = s.fault(quantity, at)
    if (fault) reading.faults[quantity] = fault
    else reading[quantity] = value
    reading.flags[quantity] = fault ? 9 : (s.flags?.[quantity] ?? 1)
  }
  return reading
}

const isSilent = (s, at) => s.silent.some(([from, to]) => at >= from && at < to)

export function buckets(s, from, to) {
  const items = []
  for (let start = from - (from % 60_000); start < Math.min(to, Date.now()); start += 60_000) {
    if (isSilent(s, start)) continue
    const bucket = { start: iso(start), count: 6 }
    for (let i = 0; i < 6; i += 1) {
      const values = weatherAt(start + i * 10_000, { longitude: s.place.longitude, seed: s.seed, base: s.base })
      for (const [quantity, value] of Object.entries(values)) {
        if (s.fault(quantity, start)) continue
        const b = (bucket[quantity] ??= { min: value, mean: 0, max: value, flag: 1 })
        b.min = Math.min(b.min, value)
        b.max = Math.max(b.max, value)
        b.mean += value / 6
      }
    }
    items.push(bucket)
  }
  return items
}

function today(s, now) {
  const date = new Intl.DateTimeFormat('sv', { timeZone: s.place.zone }).format(now)
  const quantities = {}
  for (const bucket of buckets(s, now - 24 * hour, now)) {
    if (new Intl.DateTimeFormat('sv', { timeZone: s.place.zone }).format(Date.parse(bucket.start)) !== date) continue
    for (const quantity of [...bme280.quantities, ...bh1750.quantities]) {
      const value = bucket[quantity]
      if (!value) continue
      const e = (quantities[quantity] ??= { min: Infinity, max: -Infinity })
      if (value.min < e.min) Object.assign(e, { min: value.min, min_at: bucket.start })
      if (value.max > e.max) Object.assign(e, { max: value.max, max_at: bucket.start })
    }
  }
  return { date, zone: s.place.zone, quantities }
}

export function describe(s) {
  const now = Date.now()
  const last = s.last ?? (s.last = readingAt(s, isSilent(s, now) ? s.silent[0][0] - 4_000 : now - 3_000))
  const broken = s.fault('humidity_pct', now)
  return {
    station: s.station, state: s.state, since: iso(s.since), place: s.place, version: '0.1.0', report_s: s.report_s,
    sensors: [bme280, bh1750], last_seen: last.observed_at, last_reading: last, today: today(s, Math.min(now, Date.parse(last.observed_at) + 1)),
    health: {
      at: iso(now - 20_000), uptime_s: 93_600, stream: last.stream, measured: s.seq,
      log: { readings: 2, bytes: 412, lost: s.lost }, clock: s.station === 'garden' ? 'holdover' : 'synchronised', cpu_c: 47.2,
      sensors: [
        { part: 'bme280', address: 118, state: broken ? 'fault' : 'ok', fault: broken, since: iso(start - 0.7 * hour) },
        { part: 'bh1750', address: 35, state: 'ok', fault: null, since: iso(start - 26 * hour) },
      ],
    },
    counts: { stored: s.seq - s.lost, lost: s.lost, duplicates: 3, elsewhere: 0 }, owner: null,
  }
}

export const anomalies = [
  { id: 7, station: 'garden', quantity: 'humidity_pct', kind: 'range', from: iso(start - 1.1 * hour), to: null, flag: 4, state: 'open',
    evidence: 'Relative humidity of 118.40 % is above 100 %; 11 readings so far.' },
  { id: 4, station: 'garden', quantity: 'temperature_c', kind: 'range', from: iso(start - 13 * hour), to: iso(start - 12.9 * hour), flag: 4,
    state: 'closed', evidence: 'Temperature of 85.00 °C is above 60 °C; 3 readings.' },
  { id: 5, station: 'roof', quantity: 'pressure_hpa', kind: 'range', from: iso(start - 20 * hour), to: iso(start - 19.8 * hour), flag: 4,
    state: 'closed', evidence: 'Pressure of 308.20 hPa is below 500 hPa; 6 readings.' },
]
