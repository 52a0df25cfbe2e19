/**
 * What is drawn of a series: no more columns than the screen has. Points are gathered on a grid that stands still in
 * time, so that a chart that is moved does not shimmer; the lowest and highest of each column survive.
 */
import { indexAt, type Series } from './series'

/** As uPlot takes them: null breaks a line, undefined is another series' moment. */
type Column = (number | null | undefined)[]

export interface Thin {
  seconds: number[]
  min: Column
  max: Column
  mean: Column
}

export interface Scale {
  factor: number
  offset: number
}

/** The next power of two of a second, so that neighbouring zoom levels share their grids. */
function gridStep(from: number, to: number, columns: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, (to - from) / columns)))
}

/** The points from one second to another with one beyond either end, in at most about `columns` columns. */
export function thinned(points: Series, from: number, to: number, columns: number, { factor, offset }: Scale): Thin {
  const { seconds, min, max, mean } = points
  const first = Math.max(0, indexAt(points, from) - 1)
  const beyond = Math.min(seconds.length, indexAt(points, to) + 1)
  const out: Thin = { seconds: [], min: [], max: [], mean: [] }
  const add = (at: number, low: number, high: number, middle: number) => {
    const gap = middle !== middle
    out.seconds.push(at)
    out.min.push(gap ? null : low * factor + offset)
    out.max.push(gap ? null : high * factor + offset)
    out.mean.push(gap ? null : middle * factor + offset)
  }
  if (beyond - first <= columns * 1.5) {
    for (let i = first; i < beyond; i += 1) add(seconds[i] as number, min[i] as number, max[i] as number, mean[i] as number)
    return out
  }
  const step = gridStep(from, to, columns)
  let cell = Number.NaN
  let [low, high, sum, count] = [Infinity, -Infinity, 0, 0]
  const flush = () => {
    if (cell === cell) add((cell + 0.5) * step, low, high, count === 0 ? Number.NaN : sum / count)
  }
  for (let i = first; i < beyond; i += 1) {
    const here = Math.floor((seconds[i] as number) / step)
    if (here !== cell) {
      flush()
      cell = here
      low = Infinity
      high = -Infinity
      sum = 0
      count = 0
    }
    const value = mean[i] as number
    if (value === value) {
      if ((min[i] as number) < low) low = min[i] as number
      if ((max[i] as number) > high) high = max[i] as number
      sum += value
      count += 1
    }
  }
  flush()
  return out
}

/** Several stations' columns under one list of moments. */
export function joined(all: readonly Thin[]): [number[], ...Column[]] {
  const [only] = all
  if (all.length === 1 && only) return [only.seconds, only.min, only.max, only.mean]
  const seconds = [...new Set(all.flatMap((each) => each.seconds))].sort((a, b) => a - b)
  const places = new Map(seconds.map((at, index) => [at, index]))
  const spread = (thin: Thin, column: Column): Column => {
    const out: Column = Array.from({ length: seconds.length })
    thin.seconds.forEach((at, index) => (out[places.get(at) ?? 0] = column[index]))
    return out
  }
  return [seconds, ...all.flatMap((thin) => [spread(thin, thin.min), spread(thin, thin.max), spread(thin, thin.mean)])]
}
