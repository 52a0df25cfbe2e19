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

const leastWidth = 3

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
        for (const { key, from, to, flag, state } of marks().episodes) {
          const begin = Date.parse(from)
          const end = to === null || state === 'open' ? max * 1_000 : Date.parse(to)
          if (end < min * 1_000 || begin > max * 1_000) continue
          const a = place(begin)
          const wide = Math.max(leastWidth * devicePixelRatio, place(end) - a)
          const hue = colour(flag === 4 ? '--bad' : flag === 3 ? '--warn' : '--accent')
          // Weather may last for days: it must not hide the line.
          context.globalAlpha = key === marks().pointed ? 0.3 : flag === null ? 0.07 : 0.16
          context.fillStyle = hue
          context.fillRect(a, top, wide, height)
          context.globalAlpha = 1
          context.fillRect(a, top, wide, 3 * devicePixelRatio)
        }
        context.restore()
      },
    },
  }
}
