/** What `cargo xtask bench panel` measures: 100,000 points redrawn while the chart is moved, as the panel does it. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { chartOptions } from '../src/chart/options'
import type { Series } from '../src/chart/series'
import { joined, thinned } from '../src/chart/thinned'
import { metric, unitFor } from '../src/quantity/units'

const count = 100_000
const start = 1_760_000_000
const seconds = Float64Array.from({ length: count }, (_, i) => start + i * 10)
const mean = Float64Array.from({ length: count }, (_, i) => 15 + 8 * Math.sin(i / 1_375) + Math.sin(i * 12.9898) * 0.3)
const points: Series = { seconds, mean, min: mean.map((value) => value - 0.4), max: mean.map((value) => value + 0.4) }
const unit = unitFor('temperature_c', metric)

/** All points are in view but for what the movement takes out of it. */
let span: [number, number] = [start, start + count * 10]
const data = () => joined([thinned(points, span[0], span[1], 1_000, unit)]) as uPlot.AlignedData
const host = document.getElementById('chart') as HTMLElement
const look = { quantity: 'temperature_c', unit, zone: 'UTC', language: 'en', lines: [{ colour: '--temperature', dash: [] }], style: getComputedStyle(document.body) } as const
const chart = new uPlot(chartOptions(look, { width: 1_000, height: 300, span: () => span, onCursor: () => {}, plugins: [] }), data(), host)

/** Milliseconds of script for each of `frames` redraws, each with the canvas read back, so that nothing is put off. */
function panel(frames: number): number[] {
  return Array.from({ length: frames }, (_, frame) => {
    const begun = performance.now()
    span = [start + frame * 120, start + count * 10 + frame * 120]
    chart.setData(data())
    chart.redraw()
    chart.ctx.getImageData(0, 0, 1, 1)
    return performance.now() - begun
  })
}

interface Peer {
  options: { scales: { x: { min: number; max: number } } }
  ctx: CanvasRenderingContext2D
  update: (mode: string) => void
}

/** The same with Chart.js: its decimation (LTTB to 1,000), no animation, no parsing, lowest, highest and mean. */
function peer(frames: number): number[] {
  const Chart = (globalThis as unknown as { Chart: new (canvas: HTMLElement | null, config: unknown) => Peer }).Chart
  const column = (values: Float64Array) => Array.from(values, (y, i) => ({ x: seconds[i], y }))
  const dataset = (values: Float64Array, fill: unknown) => ({ data: column(values), borderWidth: 1.75, pointRadius: 0, fill, indexAxis: 'x' })
  const chart = new Chart(document.getElementById('peer'), {
    type: 'line',
    data: { datasets: [dataset(points.min, false), dataset(points.max, '-1'), dataset(points.mean, false)] },
    options: {
      responsive: false, animation: false, parsing: false, normalized: true,
      scales: { x: { type: 'linear', min: span[0], max: span[1] } },
      plugins: { legend: { display: false }, tooltip: { enabled: false }, decimation: { enabled: true, algorithm: 'lttb', samples: 1_000 } },
    },
  })
  return Array.from({ length: frames }, (_, frame) => {
    const begun = performance.now()
    Object.assign(chart.options.scales.x, { min: start + frame * 120, max: start + count * 10 + frame * 120 })
    chart.update('none')
    chart.ctx.getImageData(0, 0, 1, 1)
    return performance.now() - begun
  })
}

Object.assign(globalThis, { measure: { panel, peer } })
