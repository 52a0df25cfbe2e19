import { expect, it, vi } from 'vitest'

// uPlot asks for a screen as soon as it is imported; the axis range needs none.
vi.mock('uplot', () => ({ default: {} }))
const { valueLabels, yRange } = await import('./options')

it('an axis gives a flat day room, and stays inside what can be', () => {
  const [low, high] = yRange('pressure_hpa', 1013.2, 1013.2)
  expect(high - low).toBeCloseTo(2)
  expect(yRange('humidity_pct', 90, 100)[1]).toBe(100)
  expect(yRange('illuminance_lx', 0, 80_000)[0]).toBe(0)
  expect(yRange('humidity_pct', 40, 118)[1]).toBe(118)
  expect(yRange('temperature_c', null, null)).toEqual([0, 2])
})

it('an axis writes its steps as they are', () => {
  expect(valueLabels([50, 52.5, 55], 2.5, 'pt-BR', false)).toEqual(['50,0', '52,5', '55,0'])
  expect(valueLabels([-10, 0, 10], 10, 'en', false)).toEqual(['−10', '0', '10'])
  expect(valueLabels([29.9, 29.925], 0.025, 'en', false)).toEqual(['29.900', '29.925'])
})
