/** What the charts draw, read from their canvases: it stands nowhere else. */
import type { Page } from '@playwright/test'
import { charts, expect, test } from './open'

/** In how many of a chart's columns, of all or of a part, a colour (in the light theme) stands with an alpha between two, so many pixels of it. */
async function columns(page: Page, [r, g, b]: readonly [number, number, number], [least, most]: readonly [number, number], [from, to] = [0, 1], thick = 1): Promise<number> {
  const over = await page.locator('.u-over').boundingBox()
  const whole = await page.locator('.uplot canvas').boundingBox()
  if (!over || !whole) throw new Error('no chart')
  return await page.locator('.uplot canvas').evaluate(
    (canvas: HTMLCanvasElement, { r, g, b, least, most, left, width, thick }) => {
      const { data } = canvas.getContext('2d')!.getImageData(Math.round(left), 0, Math.max(1, Math.round(width)), canvas.height)
      const wide = Math.max(1, Math.round(width))
      let found = 0
      for (let x = 0; x < wide; x += 1) {
        let pixels = 0
        for (let i = 4 * x; i < data.length && pixels < thick; i += 4 * wide) {
          // A weak colour is kept with few bits.
          const near = (value = 0, wanted = 0) => Math.abs(value - wanted) <= 12
          const alpha = data[i + 3] ?? 0
          if (alpha >= least && alpha <= most && near(data[i], r) && near(data[i + 1], g) && near(data[i + 2], b)) pixels += 1
        }
        if (pixels === thick) found += 1
      }
      return found / wide
    },
    { r, g, b, least, most, left: over.x - whole.x + from * over.width, width: (to - from) * over.width, thick },
  )
}

const ink = { temperature: [156, 42, 20], humidity: [11, 92, 173], night: [21, 34, 44], other: [139, 58, 139] } as const
const opaque = [200, 255] as const

test('on the canvas itself: a night is darker than a day, the mean stands in its band', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=humidity_pct&theme=light')
  await expect.poll(() => columns(page, ink.night, [10, 16])).toBeGreaterThan(0.2)
  expect(await columns(page, ink.night, [10, 16])).toBeLessThan(0.95)
  expect(await columns(page, ink.humidity, opaque)).toBeGreaterThan(0.95)
  await page.locator('[data-length="30d"]').click()
  await expect(page.getByTestId('charts')).toHaveAttribute('data-resolution', '1h')
  // A day of thirty, each hour from its lowest to its highest. The edge of a line has such pixels too, but not so many.
  await expect.poll(() => columns(page, ink.humidity, [50, 70], [0, 1], 4)).toBeGreaterThan(0.015)
})

test('on the canvas itself: where nothing was measured there is no line', async ({ page }) => {
  await charts(page, '?page=charts&station=odd&q=temperature_c&theme=light')
  const at = (hours: number) => columns(page, ink.temperature, opaque, [1 - (hours + 0.2) / 24, 1 - (hours - 0.2) / 24])
  await expect.poll(() => at(5.5)).toBeGreaterThan(0.9)
  expect(await at(3)).toBe(0)
  expect(await at(0.5)).toBeGreaterThan(0.9)
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
