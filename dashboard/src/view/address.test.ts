import { expect, it } from 'vitest'
import { defaultView, read, written } from './address'
import { day_ms, ends, stepped, zoomed } from './span'

it('a link restores the view it was made from', () => {
  const views = [
    { ...defaultView, page: 'charts' as const, station: 'roof', beside: ['shed'], quantities: ['pressure_hpa' as const], span: { from: Date.parse('2026-01-01'), to: Date.parse('2026-02-01') }, episode: 'weather-7', tables: true },
    { ...defaultView, page: 'charts' as const, span: { last: '7d' as const } },
    { ...defaultView, page: 'records' as const, period: 'year' as const, date: '2026' },
    { ...defaultView, page: 'events' as const, kind: 'spike', state: 'open' as const, kiosk: true },
    defaultView,
  ]
  for (const view of views) expect(read(written(view))).toEqual({ view, ignored: [] })
})

it('nonsense in a link gives the default view, and is named', () => {
  const { view, ignored } = read('page=moon&station=%3Cimg%20onerror%3E&from=yesterday&to=9&q=smell&date=2026-99&what=ever&last=9z')
  expect(view).toEqual(defaultView)
  expect(ignored.map(({ key }) => key)).toEqual(['page', 'station', 'from', 'to', 'q', 'date', 'what', 'last'])
  expect(read('lang=en&theme=sun&units=f-inhg&kiosk').ignored).toEqual([])
  expect(read('lang=tlh&theme=mauve&units=furlong').ignored).toHaveLength(3)
})

it('steps end at now, and zooming keeps the moment in its place', () => {
  const now = Date.parse('2026-06-01')
  const back = stepped({ last: '24h' }, -1, now)
  expect(ends(back, now)).toEqual([now - 2 * day_ms, now - day_ms])
  expect(stepped(back, 1, now)).toEqual({ last: '24h' })
  expect(stepped(back, 1, now + 60_000)).toEqual({ last: '24h' })
  const near = zoomed({ from: now - day_ms, to: now }, 0.5, now - day_ms / 4, now)
  expect(ends(near, now)).toEqual([now - (day_ms * 5) / 8, now - day_ms / 8])
})
