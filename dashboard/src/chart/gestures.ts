/**
 * Ways to move through time on a chart. A mouse: drag over a stretch to see it, with Shift to move the chart,
 * double-click to go back, wheel with Ctrl to zoom, wheel sideways to move. Fingers: two pinch, one moves sideways.
 * The wheel alone scrolls the page, as everywhere else.
 */
import type uPlot from 'uplot'

export interface Travel {
  /** To these two ends, in seconds. */
  to: (from: number, to: number) => void
  zoom: (factor: number, at: number) => void
  move: (seconds: number) => void
  back: () => void
}

const leastDrag = 6

export function gesturesPlugin(travel: Travel): uPlot.Plugin {
  const ended = new AbortController()
  return {
    hooks: {
      setSelect: (u) => {
        const { left, width } = u.select
        if (width < leastDrag) return
        travel.to(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'))
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      },
      ready: (u) => listen(u, travel, ended.signal),
      destroy: () => ended.abort(),
    },
  }
}

function listen(u: uPlot, travel: Travel, signal: AbortSignal): void {
  const { over } = u
  over.style.touchAction = 'pan-y'
  const pixel = () => ((u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0)) / Math.max(1, over.clientWidth)
  const at = (clientX: number) => u.posToVal(clientX - over.getBoundingClientRect().left, 'x')

  const wheel = (event: WheelEvent) => {
    if (event.ctrlKey || event.metaKey) travel.zoom(Math.exp(Math.max(-0.7, Math.min(0.7, event.deltaY / 240))), at(event.clientX))
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) travel.move(event.deltaX * pixel())
    else return
    event.preventDefault()
  }
  over.addEventListener('wheel', wheel, { passive: false, signal })
  over.addEventListener('dblclick', () => travel.back(), { signal })

  // Shift and the mouse, before uPlot sees the button and begins to select.
  const down = (event: MouseEvent) => {
    if (!event.shiftKey || event.button !== 0) return
    event.preventDefault()
    event.stopImmediatePropagation()
    let last = event.clientX
    const stop = new AbortController()
    const options = { signal: AbortSignal.any([signal, stop.signal]) }
    const drag = (moved: MouseEvent) => {
      travel.move((last - moved.clientX) * pixel())
      last = moved.clientX
    }
    addEventListener('mousemove', drag, options)
    addEventListener('mouseup', () => stop.abort(), options)
  }
  over.addEventListener('mousedown', down, { capture: true, signal })

  let fingers: { x: number; apart: number; count: number } | null = null
  const touched = ({ touches }: TouchEvent) => {
    const [a, b] = [touches[0], touches[1]]
    if (!a) return null
    return b
      ? { x: (a.clientX + b.clientX) / 2, apart: Math.max(20, Math.abs(a.clientX - b.clientX)), count: 2 }
      : { x: a.clientX, apart: 0, count: 1 }
  }
  over.addEventListener('touchstart', (event) => (fingers = touched(event)), { passive: true, signal })
  over.addEventListener('touchend', (event) => (fingers = touched(event)), { passive: true, signal })
  const slide = (event: TouchEvent) => {
    const now = touched(event)
    if (!now || !fingers || now.count !== fingers.count) return
    if (now.count === 2) {
      event.preventDefault()
      travel.zoom(fingers.apart / now.apart, at(now.x))
    }
    travel.move((fingers.x - now.x) * pixel())
    fingers = now
  }
  over.addEventListener('touchmove', slide, { passive: false, signal })
}
