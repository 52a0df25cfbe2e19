import { expect, it } from 'vitest'
import { nearest, range, type Series } from './series'
import { joined, thinned } from './thinned'

const plain = { factor: 1, offset: 0 }

function wave(length: number, gap: [number, number] = [-1, -1]): Series {
  const seconds = Float64Array.from({ length }, (_, index) => index)
  const mean = Float64Array.from({ length }, (_, index) => (index >= gap[0] && index < gap[1] ? Number.NaN : Math.sin(index / 50)))
  return { seconds, min: mean.map((value) => value - 1), max: mean.map((value) => value + 1), mean }
}

it('keeps the lowest and highest, and no more columns than asked for', () => {
  const points = wave(100_000)
  points.min[54_321] = -40
  points.max[54_322] = 60
  const thin = thinned(points, 0, 100_000, 800, plain)
  expect(thin.seconds.length).toBeLessThanOrEqual(802)
  expect(Math.min(...(thin.min as number[]))).toBe(-40)
  expect(Math.max(...(thin.max as number[]))).toBe(60)
})

it('gathers on a grid that does not move with the view', () => {
  const points = wave(100_000)
  const [a, b] = [thinned(points, 10_000, 60_000, 500, plain), thinned(points, 10_007, 60_007, 500, plain)]
  expect(a.mean.slice(5, 50)).toEqual(b.mean.slice(5, 50))
})

it('a gap as wide as a column stays one', () => {
  expect(thinned(wave(100_000, [40_000, 45_000]), 0, 100_000, 500, plain).mean).toContain(null)
  expect(thinned(wave(100, [40, 41]), 0, 100, 500, plain).mean[40]).toBeNull()
})

it('gives few points as they are, in the unit asked for', () => {
  expect(thinned(wave(3), 0, 9, 500, { factor: 2, offset: 10 }).min).toEqual(Array.from({ length: 3 }, (_, i) => 10 + 2 * (Math.sin(i / 50) - 1)))
})

it('joins stations without breaking their lines', () => {
  const [a, b] = [{ seconds: [1, 3], min: [1, 3], max: [1, 3], mean: [1, 3] }, { seconds: [2, 3], min: [5, null], max: [5, null], mean: [5, null] }]
  expect(joined([a, b])).toEqual([[1, 2, 3], ...Array(3).fill([1, undefined, 3]), ...Array(3).fill([undefined, 5, null])])
})

it('reads the point nearest to the cursor, and none in a gap', () => {
  const points = wave(100, [40, 60])
  expect(nearest(points, 20.4, 2)).toBe(20)
  expect(nearest(points, 50, 5)).toBeNull()
  expect(range(points, 0, 0)).toEqual({ low: -1, high: 1 })
})
