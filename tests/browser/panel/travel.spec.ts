/** Every way to choose the time that the charts show. */
import { charts, expect, span, test } from './open'
import { hour_ms } from './parts'

test('any time by buttons, steps, date, drag, double-click, wheel and keyboard; the address restores it', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=temperature_c')
  const length = async () => { const [from, to] = await span(page); return to - from }
  await page.locator('[data-length="6h"]').click()
  await expect.poll(length).toBe(6 * hour_ms)
  const [, end] = await span(page)
  await page.getByTestId('earlier').click()
  await expect.poll(async () => Math.abs((await span(page))[1] - (end - 6 * hour_ms))).toBeLessThan(60_000)
  await page.getByTestId('later').click()
  await expect(page).toHaveURL(/last=6h/)

  const over = page.locator('.u-over').first()
  const box = await over.boundingBox()
  if (!box) throw new Error('no chart')
  const middle = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * 0.25, middle)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.75, middle, { steps: 5 })
  await page.mouse.up()
  await expect.poll(async () => Math.abs((await length()) - 3 * hour_ms)).toBeLessThan(0.1 * hour_ms)
  await expect(page).toHaveURL(/from=.*to=/)
  const link = page.url()
  const dragged = await span(page)

  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -240)
  await page.keyboard.up('Control')
  await expect.poll(length).toBeLessThan(2 * hour_ms)
  await page.getByRole('slider').first().focus()
  await page.keyboard.press('-')
  await page.keyboard.press('-')
  await expect.poll(length).toBeGreaterThan(3 * hour_ms)
  const [before] = await span(page)
  await page.keyboard.press('Shift+ArrowLeft')
  await expect.poll(async () => (await span(page))[0]).toBeLessThan(before)
  await page.mouse.move(box.x, 0)
  await expect(page.getByTestId('legend')).toHaveAttribute('data-at', '')
  await page.keyboard.press('ArrowLeft')
  await expect(page.getByTestId('legend')).toHaveAttribute('data-at', /\d/)

  await page.goto(link)
  await expect(page.locator('.uplot')).toBeVisible()
  expect(await span(page)).toEqual(dragged)
  await page.getByLabel('Go to a day').fill('2026-01-15')
  await expect.poll(async () => (await span(page))[0]).toBe(Date.parse('2026-01-15T07:00:00Z'))
  await page.goBack()
  await expect.poll(() => span(page)).toEqual(dragged)
})

test('any time by double-click, Shift and drag, the wheel sideways, plus, buttons; the wheel alone changes nothing', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=temperature_c&last=6h')
  const begin = async () => (await span(page))[0]
  const length = async () => { const [from, to] = await span(page); return to - from }
  const box = await page.locator('.u-over').boundingBox()
  if (!box) throw new Error('no chart')
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const drag = async () => {
    await page.mouse.move(x - box.width / 4, y)
    await page.mouse.down()
    await page.mouse.move(x + box.width / 4, y, { steps: 5 })
    await page.mouse.up()
  }
  await drag()
  await expect.poll(length).toBeLessThan(4 * hour_ms)
  await page.mouse.dblclick(x, y)
  await expect.poll(length).toBe(6 * hour_ms)
  await expect(page).toHaveURL(/last=6h/)

  await page.keyboard.down('Shift')
  await drag()
  await page.keyboard.up('Shift')
  await expect(page).toHaveURL(/from=.*to=/)
  expect(Math.abs((await length()) - 6 * hour_ms)).toBeLessThan(1_000)
  const moved = await span(page)
  expect(Math.abs(Date.now() - moved[1] - 3 * hour_ms)).toBeLessThan(0.2 * hour_ms)
  await page.mouse.wheel(0, 200)
  await page.mouse.wheel(-box.width / 6, 0)
  await expect.poll(async () => Math.abs(moved[0] - (await begin()) - hour_ms)).toBeLessThan(0.1 * hour_ms)
  expect(Math.abs((await length()) - 6 * hour_ms)).toBeLessThan(1_000)

  await page.getByRole('slider').focus()
  await page.keyboard.press('+')
  await expect.poll(async () => Math.abs((await length()) - 3 * hour_ms)).toBeLessThan(1_000)
  await page.getByRole('button', { name: 'Zoom in' }).click()
  await expect.poll(async () => Math.abs((await length()) - 1.5 * hour_ms)).toBeLessThan(1_000)
  await page.getByRole('button', { name: 'Zoom out' }).click()
  await expect.poll(async () => Math.abs((await length()) - 3 * hour_ms)).toBeLessThan(1_000)
  await page.getByTestId('latest').click()
  await expect.poll(length).toBe(24 * hour_ms)
  await expect(page.getByTestId('latest')).toHaveCount(0)

  await page.locator('[data-quantity=humidity_pct]').click()
  await expect(page.locator('[data-testid^=chart-] .uplot')).toHaveCount(2)
  await page.locator('[data-quantity=temperature_c]').click()
  await expect(page.getByTestId('chart-temperature_c')).toHaveCount(0)
  await expect(page).toHaveURL(/q=humidity_pct/)
})

test('two fingers zoom and one moves', async ({ browser }) => {
  const context = await browser.newContext({ hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 }, baseURL: process.env.MINUANO_PANEL, serviceWorkers: 'block' })
  const page = await context.newPage()
  await charts(page, '?page=charts&station=roof&q=temperature_c')
  const touch = (type: string, points: [number, number][]) =>
    page.locator('.u-over').first().evaluate(
      (element, { type, points }) => {
        const { left, top } = element.getBoundingClientRect()
        const touches = points.map(([x, y], identifier) => new Touch({ identifier, target: element, clientX: left + x, clientY: top + y }))
        element.dispatchEvent(new TouchEvent(type, { touches, bubbles: true, cancelable: true }))
      },
      { type, points },
    )
  const [from, to] = await span(page)
  await touch('touchstart', [[100, 50], [140, 50]])
  await touch('touchmove', [[80, 50], [160, 50]])
  await touch('touchend', [])
  await expect.poll(async () => { const [a, b] = await span(page); return b - a }).toBeLessThan((to - from) * 0.6)
  const [zoomed] = await span(page)
  await touch('touchstart', [[100, 50]])
  await touch('touchmove', [[160, 50]])
  await touch('touchend', [])
  await expect.poll(async () => (await span(page))[0]).toBeLessThan(zoomed)
  await context.close()
})
