import { charts, expect, open, test } from './open'
import { hostile, hostilePart, logFault, sensorWarning } from './parts'

test('a card has value, unit, trend, extremes with times, a sparkline; and values change by themselves', async ({ page }) => {
  await open(page, '?station=roof')
  const value = page.getByTestId('value-temperature_c')
  await expect(value).toContainText('°C')
  await expect(page.getByTestId('trend-temperature_c')).toHaveAttribute('data-direction', /up|down|steady/)
  await expect(page.getByTestId('low-temperature_c')).toContainText(/\d\d:\d\d/)
  await expect(page.getByTestId('high-temperature_c')).toContainText(/\d\d:\d\d/)
  await expect(page.locator('[data-testid=sparkline-temperature_c] .line')).toHaveAttribute('d', /M.*L/)
  await expect(page.getByTestId('derived-dew_point_c')).toContainText('°C')
  await expect(page.getByTestId('derived-sea_level_pressure_hpa')).toContainText('hPa')
  await page.evaluate(() => {
    const animate = Element.prototype.animate
    Element.prototype.animate = function (this: Element, ...rest) {
      document.documentElement.dataset.flashed = String(Number(document.documentElement.dataset.flashed ?? 0) + 1)
      return animate.apply(this, rest)
    }
  })
  const before = await value.getAttribute('data-at')
  await expect(value).not.toHaveAttribute('data-at', before ?? '', { timeout: 20_000 })
  await expect(page.locator('html')).toHaveAttribute('data-flashed', /\d/, { timeout: 20_000 })
})

test('a value that fails or is doubted says so and why, and one that is missing says why', async ({ page }) => {
  await open(page, '?station=odd')
  await expect(page.getByTestId('remark-temperature_c')).toHaveText('Failed check')
  await expect(page.getByTestId('why-temperature_c')).toContainText('150')
  // Its flag came at once; which check found it is known when the reading is settled.
  await expect(page.getByTestId('remark-humidity_pct')).toHaveText('Failed check')
  await expect(page.getByTestId('why-humidity_pct')).toContainText(/once the readings after it are here|makes a dew point of/)
  await open(page, '?station=loft')
  await expect(page.getByTestId('remark-pressure_hpa')).toHaveText('Suspect')
  await expect(page.getByTestId('why-pressure_hpa')).toContainText('920')
  await expect(page.getByTestId('remark-illuminance_lx')).toHaveText('Garbled on the bus')
})

test('what it feels like, the dew point, both pressures, the tendency, the sun', async ({ page, request }) => {
  await open(page, '?station=loft')
  const { last_reading: last } = await (await request.get('/api/v1/stations/loft')).json()
  const number = async (id: string) => parseFloat((await page.getByTestId(id).locator('dd').innerText()).replace('−', '-'))
  for (const key of ['feels_like_c', 'dew_point_c', 'sea_level_pressure_hpa']) {
    expect(Math.abs((await number(`derived-${key}`)) - last[key]), key).toBeLessThanOrEqual(0.051)
  }
  expect(last.feels_like_c).toBeGreaterThan(40)
  await expect(page.getByTestId('value-pressure_hpa')).toContainText('920.0')
  await expect(page.getByTestId('sunrise')).toContainText(/0[4-7]:\d\d/)
  await expect(page.getByTestId('sunset')).toContainText(/1[7-9]:\d\d/)
  await open(page, '?station=roof')
  await expect(page.getByTestId('tendency')).toContainText(/Rising|Falling|Steady/)
  await expect(page.getByTestId('trend-pressure_hpa')).toContainText('in 3 h')
  await expect(page.getByTestId('trend-temperature_c')).toContainText('in 1 h')
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
  await page.unrouteAll({ behavior: 'ignoreErrors' })
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
  await expect(page.getByTestId('station-details')).toContainText(hostilePart.toUpperCase())
  await expect(page.getByTestId('health-history')).toContainText(logFault)
  await expect(page.locator('img, main script, main dd b, main i:not([aria-hidden])')).toHaveCount(0)
  await open(page, '?page=charts&station=roof&beside=odd')
  await expect(page.getByTestId('legend-temperature_c')).toContainText(hostile)
  await expect(page.getByTestId('chart-temperature_c').locator('h2')).toContainText(hostile)
  await page.getByTestId('tables').click()
  await expect(page.getByTestId('table-temperature_c')).toContainText(hostile)
  await open(page, '?page=events&station=odd')
  await expect(page.getByTestId('episode').first()).toContainText(hostile)
  await open(page, '?page=records&station=odd&period=day')
  await expect(page.locator('h1')).toContainText(hostile)
  await expect(page.locator('img')).toHaveCount(0)
  expect(await page.title()).toContain('Minuano')
})

test('the stations at a glance, a page for one with its history, and all on one chart', async ({ page }) => {
  await open(page, '?page=stations')
  await expect(page.getByTestId('station-roof')).toHaveAttribute('data-state', 'online')
  await expect(page.getByTestId('station-roof')).toContainText('All well')
  await expect(page.getByTestId('station-odd')).toContainText('1 sensor in trouble')
  await expect(page.getByTestId('station-odd')).toContainText('holding over')
  await expect(page.getByTestId('station-cellar')).toHaveAttribute('data-state', 'stopped')
  await expect(page.getByTestId('station-cellar')).toContainText('4,321 readings')
  await expect(page.getByTestId('station-cellar')).toContainText(/Seen\s*\d+ minutes? ago|Seen\s*\d+ seconds? ago/)
  await page.getByTestId('station-roof').getByRole('link').click()
  await expect(page.getByTestId('health-history')).toHaveAttribute('data-entries', /[1-9]/)
  await expect(page.getByTestId('health-history')).toContainText('came online')
  await expect(page.getByTestId('health-chart')).toHaveAttribute('data-states', /[1-9]/)
  await expect(page.getByTestId('health-chart').locator('path')).toHaveAttribute('d', /^M.*H/)
  await page.goBack()
  await page.getByTestId('compare').click()
  await expect(page.getByTestId('legend-temperature_c')).toContainText('Garden')
  await expect(page.getByTestId('legend-temperature_c')).toContainText('Roof')
})

test('a station’s page asks for its week once, however many readings come', async ({ page }) => {
  let asked = 0
  page.on('request', (request) => void (/\/stations\/roof\/health/.test(request.url()) && (asked += 1)))
  await open(page, '?page=station&station=roof')
  await expect(page.getByTestId('health-chart')).toBeVisible()
  // Between two polls lie 15 s and a reading or two.
  for (let i = 0; i < 2; i += 1) await page.waitForResponse((response) => response.url().endsWith('/api/v1/stations'), { timeout: 20_000 })
  // The clock may have passed ten minutes once.
  expect(asked).toBeLessThanOrEqual(2)
})

for (const hours of [-1, 1]) {
  test(`a browser whose clock is ${hours} h off shows stations as they are`, async ({ page }) => {
    await page.clock.install({ time: Date.now() + hours * 3_600_000 })
    await open(page, '?station=roof')
    await expect(page.getByTestId('station-state')).toHaveAttribute('data-state', 'online')
    await page.clock.runFor(3_000)
    await expect(page.getByTestId('card-temperature_c')).toHaveAttribute('data-stale', 'false')
    await expect(page.locator('[data-testid=sparkline-humidity_pct] .line')).toHaveAttribute('d', /M.*L/)
  })
}
