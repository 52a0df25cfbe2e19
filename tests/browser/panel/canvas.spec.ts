/** What the charts draw, read from their canvases: it stands nowhere else. */
import type { Page } from '@playwright/test'
import { charts, expect, span, test } from './open'
import { hour_ms } from './parts'

type Range = readonly [number, number]
type Colour = readonly [number, number, number]

/**
 * In how many of a chart's columns, of all or of a part, a colour (in the light theme) stands with an alpha between two.
 * The edge of a line has every alpha; three pixels by three of one only a surface has.
 */
async function columns(page: Page, colour: Colour, alpha: Range, [from, to]: Range = [0, 1], side = 1): Promise<number> {
  const over = await page.locator('.u-over').boundingBox()
  const whole = await page.locator('.uplot canvas').boundingBox()
  if (!over || !whole) throw new Error('no chart')
  return await page.locator('.uplot canvas').evaluate(
    (canvas: HTMLCanvasElement, { colour, alpha: [least, most], left, width, side }) => {
      const { data } = canvas.getContext('2d')!.getImageData(left, 0, width, canvas.height)
      const steps = [...Array(side).keys()]
      // A weak colour is kept with few bits.
      const has = (x: number, y: number) => {
        const [r = 0, g = 0, b = 0, a = 0] = data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)
        return a >= least && a <= most && [r, g, b].every((value, index) => Math.abs(value - colour[index]!) <= 12)
      }
      const stands = (x: number) => {
        for (let y = 0; y + side <= canvas.height; y += 1) if (steps.every((i) => steps.every((j) => has(x + i, y + j)))) return true
        return false
      }
      return [...Array(width + 1 - side).keys()].filter(stands).length / width
    },
    { colour, alpha, left: Math.round(over.x - whole.x + from * over.width), width: Math.round((to - from) * over.width), side },
  )
}

const ink = { temperature: [156, 42, 20], humidity: [11, 92, 173], night: [21, 34, 44], other: [139, 58, 139], accent: [20, 89, 124] } as const
const opaque = [200, 255] as const

test('on the canvas itself: a night is darker than a day, the mean stands in its band', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=humidity_pct&theme=light')
  await expect.poll(() => columns(page, ink.night, [10, 16])).toBeGreaterThan(0.2)
  expect(await columns(page, ink.night, [10, 16])).toBeLessThan(0.95)
  expect(await columns(page, ink.humidity, opaque)).toBeGreaterThan(0.95)
  // Each ten minutes from their lowest to their highest.
  const now = Date.now()
  await charts(page, `?page=charts&station=roof&q=humidity_pct&theme=light&from=${new Date(now - 38 * hour_ms).toISOString()}&to=${new Date(now).toISOString()}`)
  await expect.poll(() => columns(page, ink.humidity, [50, 70], [0, 1], 3)).toBeGreaterThan(0.05)
})

test('on the canvas itself: where nothing was measured there is no line', async ({ page, request }) => {
  const now = Date.now()
  const { items } = await (await request.get(`/api/v1/stations/odd/readings?from=${new Date(now - 23 * hour_ms).toISOString()}&to=${new Date(now).toISOString()}&resolution=1m`)).json()
  const first = Date.parse(items[0].start)
  await charts(page, '?page=charts&station=odd&q=temperature_c&theme=light')
  const [from, to] = await span(page)
  const at = (hours: number) => {
    const share = (first + hours * hour_ms - from) / (to - from)
    return columns(page, ink.temperature, opaque, [share - 0.002, share + 0.002])
  }
  await expect.poll(() => at(0.5)).toBeGreaterThan(0.9)
  expect(await at(3)).toBe(0)
  // Soon after it spoke again: once the readings are settled, what stays the same for long has failed and is no longer drawn.
  expect(await at(5.1)).toBeGreaterThan(0.9)
})

test('on the canvas itself: an episode is shaded, with a stripe above', async ({ page }) => {
  // A day of frost in thirty, over which no nights are drawn.
  await charts(page, '?page=charts&station=roof&q=temperature_c&theme=light&last=30d')
  await expect.poll(() => columns(page, ink.accent, opaque)).toBeGreaterThan(0.02)
  expect(await columns(page, ink.accent, [14, 22], [0, 1], 3)).toBeGreaterThan(0.02)
  expect(await columns(page, ink.accent, [14, 255], [0, 0.9])).toBe(0)
})

test('two stations on one chart, told apart by name', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=temperature_c&theme=light')
  await page.locator('[data-beside=shed]').click()
  await expect(page).toHaveURL(/beside=shed/)
  await expect(page.getByTestId('legend-temperature_c')).toContainText(/Roof .*Shed .*°C/)
  await expect(page.getByTestId('chart-temperature_c').locator('.of')).toHaveText(['Roof', 'Shed'])
  // The second line is dashed, for those who cannot tell the colours apart.
  await expect.poll(() => columns(page, ink.other, opaque)).toBeGreaterThan(0.3)
  expect(await columns(page, ink.other, opaque)).toBeLessThan(0.95)
})
