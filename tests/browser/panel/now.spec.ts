import type { Locator } from '@playwright/test'
import { charts, clockIn, expect, open, test } from './open'
import { Mqtt } from './mqtt'
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

test('the lowest and highest of today have their own times, in the zone of the station; a sparkline breaks in silence', async ({ page, request }) => {
  const { today } = await (await request.get('/api/v1/stations/loft')).json()
  const clock = clockIn('America/Sao_Paulo')
  await open(page, '?station=loft')
  for (const [quantity, { min, min_at, max, max_at }] of Object.entries<Record<string, string>>(today.quantities)) {
    for (const [end, value, at] of [['low', min, min_at], ['high', max, max_at]]) {
      const shown = page.getByTestId(`${end}-${quantity}`)
      await expect(shown).toHaveAttribute('data-value', String(value))
      await expect(shown.locator('time')).toHaveText(clock.format(Date.parse(String(at))))
    }
  }
  await open(page, '?station=odd')
  await expect(page.locator('[data-testid=sparkline-humidity_pct] .line')).toHaveAttribute('d', /M.*M/)
})

/** WMO's code table 0200 in the panel's words. */
const tendencies = ['Rising, then falling', 'Rising, then steady', 'Rising', 'Falling, then rising', 'Steady', 'Falling, then rising', 'Falling, then steady', 'Falling', 'Rising, then falling']
const arrows = { up: /^M4.5 11.5/, down: /^M4.5 4.5/, steady: /^M3 8/ }

test('a trend is the gateway’s tendency for pressure, an hour’s change otherwise, and its arrow agrees', async ({ page }) => {
  let said: { change: string; words: string } | undefined
  page.on('response', async (response) => {
    if (!response.url().endsWith('/api/v1/stations')) return
    const { items } = await response.json().catch(() => ({ items: [] }))
    const tendency = items.find(({ station }: { station: string }) => station === 'roof')?.tendency
    if (tendency) said = { change: String(tendency.pressure_tendency_hpa_3h), words: tendencies[tendency.characteristic] ?? '' }
  })
  await open(page, '?station=roof')
  await expect(async () => {
    expect(await page.getByTestId('trend-pressure_hpa').getAttribute('data-change')).toBe(said?.change)
    expect(await page.getByTestId('tendency').locator('dd').innerText()).toBe(said?.words)
  }).toPass({ timeout: 20_000 })
  for (const quantity of ['temperature_c', 'pressure_hpa', 'humidity_pct', 'illuminance_lx']) {
    const trend = page.getByTestId(`trend-${quantity}`)
    await expect(trend).toHaveAttribute('data-direction', /up|down|steady/)
    // A reading may come between the two looks.
    await expect(async () => {
      const direction = (await trend.getAttribute('data-direction')) as keyof typeof arrows
      expect(await trend.locator('path').getAttribute('d')).toMatch(arrows[direction])
      const number = parseFloat((await trend.locator('b').innerText()).replace('−', '-').replace(',', ''))
      expect(number > 0 ? 'up' : number < 0 ? 'down' : 'steady').toBe(direction)
    }).toPass({ timeout: 20_000 })
  }
})

test('a value that fails or is doubted says so and why, and one that is missing says why', async ({ page }) => {
  await open(page, '?station=odd')
  await expect(page.getByTestId('remark-temperature_c')).toHaveText('Failed check')
  await expect(page.getByTestId('remark-temperature_c')).toHaveClass(/failed/)
  await expect(page.getByTestId('why-temperature_c')).toContainText('150')
  // Its flag came at once; which check found it is known when the reading is settled.
  await expect(page.getByTestId('remark-pressure_hpa')).toHaveText('Failed check')
  await expect(page.getByTestId('why-pressure_hpa')).toContainText(/once the readings after it are here|altitude/)
  await expect(page.getByTestId('remark-humidity_pct'), 'that the temperature cannot be is not the humidity’s fault').toHaveCount(0)
  await open(page, '?station=loft')
  await expect(page.getByTestId('remark-pressure_hpa')).toHaveText('Suspect')
  await expect(page.getByTestId('remark-pressure_hpa')).not.toHaveClass(/failed/)
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
  await expect(page.getByTestId('card-temperature_c').locator('.spark')).toHaveCSS('opacity', '0.5')
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
  await expect(page.locator('.evidence').filter({ hasText: hostilePart })).toHaveCount(1)
  await open(page, '?page=records&station=odd&period=day')
  await expect(page.locator('h1')).toContainText(hostile)
  await expect(page.locator('img')).toHaveCount(0)
  expect(await page.title()).toContain('Minuano')
})

test('the stations at a glance, a page for one with its history, and all on one chart', async ({ page }) => {
  await open(page, '?page=stations')
  const [roof, odd, cellar] = ['roof', 'odd', 'cellar'].map((name) => page.getByTestId(`station-${name}`)) as [Locator, Locator, Locator]
  await expect(roof).toHaveAttribute('data-state', 'online')
  await expect(roof.locator('em')).toHaveText('Online')
  await expect(roof).toContainText('All well')
  await expect(roof.locator('.values b')).toHaveText([/°C/, /hPa/, /%/, /lx/])
  await expect(roof.locator('.doubted')).toHaveCount(0)
  await expect(odd).toContainText('1 sensor in trouble')
  await expect(odd).toContainText('holding over')
  await expect(odd.locator('.doubted').first()).toContainText('150')
  await expect(cellar).toHaveAttribute('data-state', 'stopped')
  await expect(cellar.locator('em')).toHaveText('Stopped')
  await expect(cellar).toContainText('4,321 readings')
  await expect(cellar).toContainText(/Seen\s*\d+ minutes? ago|Seen\s*\d+ seconds? ago/)
  await roof.getByRole('link').click()
  await expect(page.getByTestId('health-history')).toHaveAttribute('data-entries', /[1-9]/)
  await expect(page.getByTestId('health-history')).toContainText('came online')
  await expect(page.getByTestId('health-chart')).toHaveAttribute('data-states', /[1-9]/)
  await expect(page.getByTestId('health-chart').locator('path')).toHaveAttribute('d', /^M.*H/)
  await expect(page.getByTestId('health-chart').locator('rect.online').first()).toBeAttached()
  await page.goBack()
  await odd.getByRole('link').click()
  await expect(page.getByTestId('health-history')).toContainText('clock holding over')
  await page.goBack()
  await page.getByTestId('compare').click()
  await expect(page.getByTestId('legend-temperature_c')).toContainText('Garden')
  await expect(page.getByTestId('legend-temperature_c')).toContainText('Roof')

  // What becomes of one is seen as it happens, and spoken.
  const broker = await Mqtt.connect(Number(process.env.MINUANO_MQTT), 'panel-test')
  await open(page, '?station=cellar')
  for (const [state, word] of [['offline', 'Offline'], ['online', 'Online'], ['stopped', 'Stopped']] as const) {
    await broker.publish('minuano/v1/cellar/status', { state }, true)
    await expect(page.getByTestId('station-state')).toHaveAttribute('data-state', state)
    await expect(page.getByTestId('station-state')).toContainText(word)
    await expect(page.getByTestId('spoken')).toContainText(word)
  }
  broker.close()
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
