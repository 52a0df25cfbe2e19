import { expect, it } from 'vitest'
import { elevation, nights, sunTimes } from './sun'

const minute = 60_000

it('rises and sets when the almanac says', () => {
  // timeanddate.com: Denver, 21 June 2024: sunrise 05:32, sunset 20:31 MDT. Five minutes are allowed for its rounding and refraction.
  const [night, evening] = nights(Date.parse('2024-06-21T06:00:00Z'), Date.parse('2024-06-22T06:00:00Z'), 39.74, -104.99)
  expect(Math.abs((night?.[1] ?? 0) - Date.parse('2024-06-21T11:32:00Z'))).toBeLessThan(5 * minute)
  expect(Math.abs((evening?.[0] ?? 0) - Date.parse('2024-06-22T02:31:00Z'))).toBeLessThan(5 * minute)
})

it('knows the polar night, the midnight sun and the zenith', () => {
  const [from, to] = [Date.parse('2024-12-20T00:00:00Z'), Date.parse('2024-12-22T00:00:00Z')]
  expect(nights(from, to, 80, 15)).toEqual([[from, to]])
  expect(nights(from, to, -80, 15)).toEqual([])
  expect(elevation(Date.parse('2024-03-20T12:07:00Z'), 0, 0)).toBeGreaterThan(89)
})

it('has no sunrise where there is none', () => {
  const denver = sunTimes(Date.parse('2024-06-21T06:00:00Z'), 39.74, -104.99)
  expect(denver.rise).toBeLessThan(denver.set ?? 0)
  expect(sunTimes(Date.parse('2024-12-20T00:00:00Z'), 80, 15)).toEqual({ rise: null, set: null })
  expect(sunTimes(Date.parse('2024-12-20T00:00:00Z'), -80, 15)).toEqual({ rise: null, set: null })
})
