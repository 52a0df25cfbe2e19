import { expect, it, vi } from 'vitest'

// uPlot asks for a screen as soon as it is imported; the axis range needs none.
vi.mock('uplot', () => ({ default: {} }))
const { chartOptions, valueLabels, yRange } = await import('./options')

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

it('each line has its band from lowest to highest, and its mean alone is drawn', () => {
  const style = { getPropertyValue: (name: string) => ({ '--temperature': '#112233', '--other': '#445566' })[name] ?? '', fontFamily: '' } as unknown as CSSStyleDeclaration
  const lines = [{ colour: '--temperature', dash: [] }, { colour: '--other', dash: [8, 4] }]
  const look = { quantity: 'temperature_c', unit: { symbol: '°C', factor: 1, offset: 0, digits: 1, grouped: false }, zone: 'UTC', language: 'en', lines, style } as const
  const { bands, series } = chartOptions(look, { width: 1, height: 1, span: () => [0, 1], onCursor: () => {}, plugins: [] })
  expect(bands?.map(({ series, fill }) => [series, fill])).toEqual([[[2, 1], '#1122331c'], [[5, 4], '#4455661c']])
  expect(series.map(({ stroke }) => stroke)).toEqual([undefined, 'transparent', 'transparent', '#112233', 'transparent', 'transparent', '#445566'])
})
