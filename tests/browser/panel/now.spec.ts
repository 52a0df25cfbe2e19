import { charts, expect, open, test } from './open'
import { hostile, logFault, sensorWarning } from './parts'

test('a card has value, unit, trend, extremes with times, a sparkline; and values change by themselves', async ({ page }) => {
  await open(page, '?station=roof')
  const value = page.getByTestId('value-temperature_c')
  await expect(value).toContainText('°C')
  await expect(page.getByTestId('trend-temperature_c')).toHaveAttribute('data-direction', /up|down|steady/)
  await expect(page.getByTestId('tendency')).not.toBeEmpty()
  await expect(page.getByTestId('low-temperature_c')).toContainText(/\d\d:\d\d/)
  await expect(page.getByTestId('high-temperature_c')).toContainText(/\d\d:\d\d/)
  await expect(page.locator('[data-testid=sparkline-temperature_c] path')).toHaveAttribute('d', /M.*L/)
  await expect(page.getByTestId('derived-dew_point_c')).toContainText('°C')
  await expect(page.getByTestId('derived-sea_level_pressure_hpa')).toContainText('hPa')
  await page.evaluate(() => {
    const element = document.querySelector('[data-testid=value-illuminance_lx]')
    const animate = Element.prototype.animate
    Element.prototype.animate = function (this: Element, ...rest) {
      document.documentElement.dataset.flashed = String(Number(document.documentElement.dataset.flashed ?? 0) + 1)
      return animate.apply(this, rest)
    }
    void element
  })
  const before = await value.getAttribute('data-at')
  await expect(value).not.toHaveAttribute('data-at', before ?? '', { timeout: 20_000 })
  await expect(page.locator('html')).toHaveAttribute('data-flashed', /\d/, { timeout: 20_000 })
})

test('a value that fails says so and why', async ({ page }) => {
  await open(page, '?station=odd')
  await expect(page.getByTestId('remark-temperature_c')).toHaveText('Failed check')
  await expect(page.getByTestId('why-temperature_c')).toContainText('150')
})

test('a value that is old greys and tells its age', async ({ page }) => {
  await page.clock.install()
  await open(page, '?station=roof')
  // The gateway's answers no longer correct the page's clock, which runs ahead.
  await page.route('**/api/v1/**', async (route) => {
    const answer = await route.fetch()
    const headers = answer.headers()
    delete headers.date
    await route.fulfill({ response: answer, headers })
  })
  await page.clock.fastForward(120_000)
  await expect(page.getByTestId('card-temperature_c')).toHaveAttribute('data-stale', 'true')
  await expect(page.getByTestId('age-temperature_c')).toContainText('ago')
})

test('from a card a click leads to its chart', async ({ page }) => {
  await open(page, '?station=roof')
  await page.getByTestId('card-humidity_pct').getByRole('link').click()
  await expect(page).toHaveURL(/page=charts.*q=humidity_pct/)
  await expect(page.getByTestId('chart-humidity_pct').locator('canvas')).toBeVisible()
  await expect(page.getByTestId('chart-temperature_c')).toHaveCount(0)
})

test('hostile names, evidence and faults are shown as text', async ({ page }) => {
  await open(page, '?station=odd')
  await expect(page.locator('h1')).toHaveText(hostile)
  await open(page, '?page=stations')
  await expect(page.getByTestId('station-odd')).toContainText(logFault)
  await open(page, '?page=station&station=odd')
  await expect(page.getByTestId('station-details')).toContainText(sensorWarning)
  await expect(page.getByTestId('station-details')).toContainText(logFault)
  await expect(page.locator('main img, main script, main dd b')).toHaveCount(0)
  expect(await page.title()).toContain('Minuano')
})

test('the stations at a glance, a page for one with its history, and all on one chart', async ({ page }) => {
  await open(page, '?page=stations')
  await expect(page.getByTestId('station-roof')).toHaveAttribute('data-state', 'online')
  await expect(page.getByTestId('station-roof')).toContainText('All well')
  await expect(page.getByTestId('station-odd')).toContainText('1 sensor in trouble')
  await expect(page.getByTestId('station-odd')).toContainText('holding over')
  await page.getByTestId('station-roof').getByRole('link').click()
  await expect(page.getByTestId('health-history')).toHaveAttribute('data-entries', /[1-9]/)
  await expect(page.getByTestId('health-history')).toContainText('came online')
  await page.goBack()
  await page.getByTestId('compare').click()
  await expect(page.getByTestId('legend-temperature_c')).toContainText('Garden')
  await expect(page.getByTestId('legend-temperature_c')).toContainText('Roof')
})

test('a screen reader is told of changes politely', async ({ page }) => {
  await open(page, '?station=roof')
  await expect(page.getByTestId('spoken')).toHaveAttribute('aria-live', 'polite')
  await expect(page.getByTestId('spoken')).toContainText(/Online; Temperature: .*°C/)
})

test('units are the reader’s, on cards, axes and in tables, and are kept', async ({ page }) => {
  await open(page, '?station=roof')
  await page.getByTestId('settings').click()
  await page.getByLabel('°F').check()
  await page.getByLabel('inHg').check()
  await page.getByLabel('klx').check()
  await expect(page.getByTestId('value-temperature_c')).toContainText('°F')
  const [raw, shown] = [Number(await page.getByTestId('value-pressure_hpa').getAttribute('data-value')), parseFloat(await page.getByTestId('value-pressure_hpa').innerText())]
  expect(Math.abs(raw / 33.8639 - shown)).toBeLessThan(0.02)
  await charts(page, '?page=charts&station=roof')
  await expect(page.getByTestId('legend-illuminance_lx')).toContainText('klx')
  await charts(page, '?page=charts&station=roof&units=c-mmhg-lx')
  await expect(page.getByTestId('legend-pressure_hpa')).toContainText('mmHg')
})

test('light, dark, as the system, and by the sun at the station', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await open(page, '?station=roof')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await page.getByTestId('theme-switch').click()
  await expect(page.getByTestId('theme-switch')).toHaveAttribute('data-theme', 'sun')
  // Noon and midnight in Colorado, whatever the system prefers.
  for (const [hour, theme] of [['19', 'light'], ['07', 'dark']] as const) {
    const other = await page.context().newPage()
    await other.clock.install({ time: `2026-11-20T${hour}:00:00Z` })
    await other.route('**/api/**', async (route) => {
      if (route.request().url().includes('/stream')) return route.abort()
      const answer = await route.fetch()
      await route.fulfill({ response: answer, headers: { ...answer.headers(), date: new Date(`2026-11-20T${hour}:00:00Z`).toUTCString() } })
    })
    await other.goto('/?station=roof&theme=sun')
    await expect(other.locator('main h1')).toBeVisible()
    await expect(other.locator('html')).toHaveAttribute('data-theme', theme)
    await other.close()
  }
})

test('a browser whose clock is an hour off shows stations as they are', async ({ page }) => {
  await page.clock.install({ time: Date.now() + 3_600_000 })
  await open(page, '?station=roof')
  await expect(page.getByTestId('station-state')).toHaveAttribute('data-state', 'online')
  await page.clock.runFor(3_000)
  await expect(page.getByTestId('card-temperature_c')).toHaveAttribute('data-stale', 'false')
})

test('a link with nonsense opens the default view and says what it ignored', async ({ page }) => {
  await open(page, '?page=moon&station=nobody&last=9z&%3Cb%3E=1')
  const note = page.getByTestId('ignored')
  for (const part of ['page=moon', 'station=nobody', 'last=9z', '<b>=1']) await expect(note).toContainText(part)
  await expect(page.getByTestId('card-temperature_c')).toBeVisible()
  await note.getByRole('button').click()
  await expect(note).toHaveCount(0)
})
