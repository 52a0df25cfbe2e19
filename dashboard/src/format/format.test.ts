import { describe, expect, it } from 'vitest'
import { formatBytes, formatChange, formatCoordinate, formatValue, formatWithUnit } from './number'
import { formatAge, formatDay, formatMoment, formatTime } from './time'
import { dateIn, midnight, zoneOr } from './zone'

describe('values', () => {
  it('are written as the language does, with a typographic minus', () => {
    expect(formatValue('temperature_c', -3.14, 'en')).toBe('−3.1')
    expect(formatValue('temperature_c', -3.14, 'pt-BR')).toBe('−3,1')
    expect(formatValue('illuminance_lx', 86984.2, 'en')).toBe('86,984')
    expect(formatValue('illuminance_lx', 86984.2, 'pt-BR')).toBe('86.984')
    expect(formatWithUnit('humidity_pct', 48.7, 'en')).toBe('48.7\u202f%')
  })

  it('keep pressure in one piece, darkness to a tenth, and zero without a sign', () => {
    expect(formatValue('pressure_hpa', 1013.25, 'en')).toBe('1013.3')
    expect(formatValue('illuminance_lx', 0.24, 'en')).toBe('0.2')
    expect(formatValue('temperature_c', -0.04, 'en')).toBe('0.0')
  })
})

describe('a change', () => {
  it('has an arrow that never contradicts its number', () => {
    expect(formatChange('temperature_c', 1.26, 'en')).toEqual({ text: '+1.3\u202f°C', direction: 'up' })
    expect(formatChange('pressure_hpa', -0.8, 'pt-BR')).toEqual({ text: '−0,8\u202fhPa', direction: 'down' })
    expect(formatChange('temperature_c', 0.04, 'en')).toEqual({ text: '0.0\u202f°C', direction: 'steady' })
    expect(formatChange('temperature_c', -0.04, 'en')).toEqual({ text: '0.0\u202f°C', direction: 'steady' })
  })
})

describe('times', () => {
  const at = Date.parse('2026-11-20T06:12:00Z')
  it('are told in the zone of the station', () => {
    expect(formatTime(at, 'America/Denver', 'en')).toBe('23:12')
    expect(formatTime(at, 'America/Sao_Paulo', 'pt-BR')).toBe('03:12')
    expect(formatDay(at, 'America/Denver', 'en')).toBe('Nov 19')
    expect(dateIn('America/Denver', at)).toBe('2026-11-19')
  })

  it('carry their date on another day', () => {
    expect(formatMoment(at, at + 600_000, 'America/Denver', 'en')).toBe('23:12')
    expect(formatMoment(at, at + 3_600_000, 'America/Denver', 'en')).toBe('Nov 19, 23:12')
  })

  it('know when a day begins, also where the clocks change at midnight', () => {
    const begins = (zone: string, date: string) => new Date(midnight(zone, date) ?? NaN).toISOString().slice(0, 16)
    expect(begins('America/Denver', '2026-03-08')).toBe('2026-03-08T07:00')
    expect(begins('America/Denver', '2026-03-09')).toBe('2026-03-09T06:00')
    expect(begins('America/Denver', '2026-11-01')).toBe('2026-11-01T06:00')
    expect(begins('America/Denver', '2026-11-02')).toBe('2026-11-02T07:00')
    // The clocks go from 00:00 to 01:00, and later from 24:00 to 23:00.
    expect(begins('America/Santiago', '2026-09-06')).toBe('2026-09-06T04:00')
    expect(begins('America/Santiago', '2026-04-05')).toBe('2026-04-05T04:00')
    expect(begins('Asia/Kathmandu', '2026-11-20')).toBe('2026-11-19T18:15')
    expect(midnight('America/Denver', 'soon')).toBeNull()
  })

  it('survive a zone that nobody knows', () => {
    expect(zoneOr('Mars/Olympus')).toBe(zoneOr(null))
    expect(formatTime(at, 'Mars/Olympus', 'en')).toMatch(/^\d\d:\d\d$/)
  })
})

it('ages are told in one unit, and never lie ahead', () => {
  expect(formatAge(12_900, 'en')).toBe('12 seconds ago')
  expect(formatAge(-4_000, 'en')).toBe('0 seconds ago')
  expect(formatAge(4 * 60_000, 'pt-BR')).toBe('há 4 minutos')
  expect(formatAge(30 * 3_600_000, 'en')).toBe('30 hours ago')
  expect(formatAge(72 * 3_600_000, 'en')).toBe('3 days ago')
})

it('sizes and places are short', () => {
  expect(formatBytes(412, 'en')).toBe('412\u202fB')
  expect(formatBytes(1_900_000, 'pt-BR')).toBe('1,8\u202fMiB')
  expect(formatCoordinate(-105.92, 'en', ['E', 'W'])).toBe('105.92°\u202fW')
})
