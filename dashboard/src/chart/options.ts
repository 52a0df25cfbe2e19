import uPlot from 'uplot'
import { formatDay, formatTime } from '../format/time'
import { zoneOr } from '../format/zone'
import type { Language } from '../i18n/languages'
import { facts, type Quantity } from '../quantity/quantities'

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

/** The columns' places in the chart, as `Series` orders them; the cursor's dot rides on the mean. */
const lowest = 1
const highest = 2
const mean = 3

/** The same for every quantity, so that the charts' times stand below each other; it holds 100,000. */
const axisWidth = 58

export interface ChartLook {
  quantity: Quantity
  zone: string | null
  language: Language
  /** Custom properties are read from here. */
  style: CSSStyleDeclaration
}

export interface ChartHost {
  width: number
  height: number
  /** The time span shown, in seconds. */
  span: () => [number, number]
  onCursor: (index: number | null) => void
}

/** An axis range around the values, with room above and below, inside what the quantity can be. */
export function yRange(quantity: Quantity, min: number | null, max: number | null): [number, number] {
  const { low = -Infinity, high = Infinity } = bounds[quantity] ?? {}
  if (min === null || max === null) return [Math.max(low, 0), Math.max(low, 0) + leastSpan[quantity]]
  const missing = Math.max(0, leastSpan[quantity] - (max - min)) / 2
  const room = (max - min) * 0.08
  // A value outside its bounds is a fault, and is shown as it is.
  return [
    Math.max(Math.min(low, min), min - missing - room),
    Math.min(Math.max(high, max), max + missing + room),
  ]
}

export function chartOptions(look: ChartLook, host: ChartHost): uPlot.Options {
  const { quantity, zone, language, style } = look
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const hue = colour(facts[quantity].colour)
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
      y: { range: (_, min, max) => yRange(quantity, min, max) },
    },
    cursor: {
      sync: { key: 'minuano', scales: ['x', null] },
      drag: { x: false, y: false, setScale: false },
      y: false,
      points: {
        size: 9,
        width: 2,
        fill: (_, index) => (index === mean ? hue : 'transparent'),
        stroke: (_, index) => (index === mean ? colour('--card') : 'transparent'),
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
        values: (_, splits, __, ___, step) => valueLabels(splits, step, language, facts[quantity].grouped),
      },
    ],
    series: [{}, unseen, unseen, { stroke: hue, width: 1.75, points: { size: 5, fill: hue, stroke: hue } }],
    bands: [{ series: [highest, lowest], fill: `${hue}38` }],
    hooks: { setCursor: [(u) => host.onCursor(u.cursor.idx ?? null)] },
  }
}

function hourLabel(seconds: number, local: Date, zone: string, language: Language): string {
  const at = seconds * 1_000
  return local.getHours() === 0 && local.getMinutes() === 0 ? formatDay(at, zone, language) : formatTime(at, zone, language)
}

function valueLabels(values: number[], step: number, language: Language, grouped: boolean): string[] {
  const places = Math.max(0, Math.min(2, Math.ceil(-Math.log10(step))))
  const format = new Intl.NumberFormat(language, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    useGrouping: grouped,
  })
  return values.map((value) => format.format(value).replace('-', '−'))
}
