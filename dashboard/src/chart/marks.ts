/** What lies behind the lines: nights as shade, episodes as coloured bands with a flag on top. */
import type uPlot from 'uplot'
import type { Episode } from '../api/types'

export interface Marks {
  /** In milliseconds. */
  nights: readonly (readonly [number, number])[]
  episodes: readonly Episode[]
  /** The episode that a link points at. */
  pointed: string | null
}

type Stretch = readonly [number, number]

const leastWidth = 3

/** Those that overlap become one: a sensor that fails in five ways must not have its line hidden behind five shades. */
export function merged(stretches: readonly Stretch[]): Stretch[] {
  const out: Stretch[] = []
  for (const [from, to] of stretches.toSorted(([one], [other]) => one - other)) {
    const last = out.at(-1)
    if (last && from <= last[1]) out[out.length - 1] = [last[0], Math.max(last[1], to)]
    else out.push([from, to])
  }
  return out
}

export function marksPlugin(marks: () => Marks, colour: (name: string) => string): uPlot.Plugin {
  return {
    hooks: {
      drawClear: (u) => {
        const { left, top, width, height } = u.bbox
        const context = u.ctx
        const place = (at: number) => Math.max(left, Math.min(left + width, u.valToPos(at / 1_000, 'x', true)))
        context.save()
        context.fillStyle = colour('--night')
        for (const [from, to] of marks().nights) {
          const [a, b] = [place(from), place(to)]
          if (b > a) context.fillRect(a, top, b - a, height)
        }
        const { min = 0, max = 0 } = u.scales.x ?? {}
        const shades = new Map<string, { hue: string; strength: number; stretches: Stretch[] }>()
        for (const { key, from, to, flag, state } of marks().episodes) {
          const begin = Date.parse(from)
          const end = to === null || state === 'open' ? max * 1_000 : Date.parse(to)
          if (end < min * 1_000 || begin > max * 1_000) continue
          const a = place(begin)
          const b = Math.max(a + leastWidth * devicePixelRatio, place(end))
          const hue = colour(flag === 4 ? '--bad' : flag === 3 ? '--warn' : '--accent')
          // Weather may last for days: it must not hide the line.
          const strength = key === marks().pointed ? 0.3 : flag === null ? 0.07 : 0.16
          const shade = shades.get(`${hue} ${strength}`) ?? { hue, strength, stretches: [] }
          shades.set(`${hue} ${strength}`, shade)
          shade.stretches.push([a, b])
          context.fillStyle = hue
          context.fillRect(a, top, b - a, 3 * devicePixelRatio)
        }
        for (const { hue, strength, stretches } of shades.values()) {
          context.fillStyle = hue
          context.globalAlpha = strength
          for (const [a, b] of merged(stretches)) context.fillRect(a, top, b - a, height)
        }
        context.restore()
      },
    },
  }
}
