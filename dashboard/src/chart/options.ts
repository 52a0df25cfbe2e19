import uPlot from 'uplot'
import { formatDay, formatTime } from '../format/time'
import { zoneOr } from '../format/zone'
import type { Language } from '../i18n/languages'
import type { Quantity } from '../quantity/quantities'
import type { Unit } from '../quantity/units'

/** A flat day should look flat: the axis spans at least this much. */
const leastSpan: Record<Quantity, number> = {
  temperature_c: 2,
  pressure_hpa: 2,
  humidity_pct: 8,
  illuminance_lx: 10,
}

const bounds: Partial<Record<Quantity, { low?: number; high?: number }>> = {
  humidity_pct: { low: 0, high: 100 },
  illuminance_lx: { low: 0 },
}

/** The same for every quantity, so that the charts' times stand below each other; it holds 100,000. */
const axisWidth = 58

export interface Line {
  /** A custom property. */
  colour: string
  dash: number[]
}

export interface ChartLook {
  quantity: Quantity
  unit: Unit
  zone: string | null
  language: Language
  lines: readonly Line[]
  /** Custom properties are read from here. */
  style: CSSStyleDeclaration
}

export interface ChartHost {
  width: number
  height: number
  /** The time span shown, in seconds. */
  span: () => [number, number]
  onCursor: (seconds: number | null) => void
  plugins: uPlot.Plugin[]
}

/** An axis range around the values, with room above and below, inside what the quantity can be. */
export function yRange(quantity: Quantity, min: number | null, max: number | null, factor = 1): [number, number] {
  const least = leastSpan[quantity] * factor
  const { low = -Infinity, high = Infinity } = bounds[quantity] ?? {}
  if (min === null || max === null) return [Math.max(low, 0), Math.max(low, 0) + least]
  const missing = Math.max(0, least - (max - min)) / 2
  const room = (max - min) * 0.08
  // A value outside its bounds is a fault, and is shown as it is.
  return [
    Math.max(Math.min(low, min), min - missing - room),
    Math.min(Math.max(high, max), max + missing + room),
  ]
}

export function chartOptions(look: ChartLook, host: ChartHost): uPlot.Options {
  const { quantity, unit, zone, language, style } = look
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const hues = look.lines.map((line) => colour(line.colour))
  const timeZone = zoneOr(zone)
  const localDate = (seconds: number) => uPlot.tzDate(new Date(seconds * 1_000), timeZone)
  const axis: uPlot.Axis = {
    stroke: colour('--soft'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  const unseen: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } }

  return {
    width: host.width,
    height: host.height,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    tzDate: localDate,
    scales: {
      x: { time: true, range: host.span },
      y: { range: (_, min, max) => yRange(quantity, min, max, unit.factor) },
    },
    cursor: {
      sync: { key: 'minuano', scales: ['x', null] },
      drag: { x: true, y: false, setScale: false },
      y: false,
      points: {
        size: 9,
        width: 2,
        fill: (_, index) => (isMean(index) ? (hues[lineOf(index)] ?? '') : 'transparent'),
        stroke: (_, index) => (isMean(index) ? colour('--card') : 'transparent'),
      },
    },
    axes: [
      {
        ...axis,
        space: 64,
        size: 28,
        gap: 6,
        grid: { ...axis.grid, dash: [2, 4] },
        values: (_, seconds) => seconds.map((at) => hourLabel(at, localDate(at), timeZone, language)),
      },
      {
        ...axis,
        space: 40,
        gap: 6,
        size: axisWidth,
        values: (_, splits, __, ___, step) => valueLabels(splits, step, language, unit.grouped),
      },
    ],
    series: [
      {},
      ...look.lines.flatMap(({ dash }, index): uPlot.Series[] => {
        const hue = hues[index] ?? ''
        return [unseen, unseen, { stroke: hue, width: 1.75, dash, points: { size: 5, fill: hue, stroke: hue } }]
      }),
    ],
    // Each line has three columns: lowest, highest, mean. Several bands over each other would only be mud.
    bands: look.lines.map((_, index) => ({ series: [3 * index + 2, 3 * index + 1], fill: `${hues[index]}${look.lines.length > 1 ? '1c' : '38'}` })),
    hooks: {
      setCursor: [
        (u) => {
          const { idx, left = -1 } = u.cursor
          host.onCursor(left < 0 || idx === null || idx === undefined ? null : u.posToVal(left, 'x'))
        },
      ],
    },
    plugins: host.plugins,
  }
}

const isMean = (index: number) => index % 3 === 0
const lineOf = (index: number) => Math.floor((index - 1) / 3)

/** Midnights carry their date, and the first of a year its year. */
function hourLabel(seconds: number, local: Date, zone: string, language: Language): string {
  const at = seconds * 1_000
  if (local.getHours() !== 0 || local.getMinutes() !== 0) return formatTime(at, zone, language)
  return local.getMonth() === 0 && local.getDate() === 1 ? String(local.getFullYear()) : formatDay(at, zone, language)
}

/** With as many places as the step has: 52.5 lies between 50 and 55. */
export function valueLabels(values: number[], step: number, language: Language, grouped: boolean): string[] {
  const places = [0, 1, 2].find((each) => Math.abs(step * 10 ** each - Math.round(step * 10 ** each)) < 1e-6) ?? 3
  const format = new Intl.NumberFormat(language, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    useGrouping: grouped,
  })
  return values.map((value) => format.format(value).replace('-', '−'))
}
