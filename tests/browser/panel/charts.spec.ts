import { readFileSync } from 'node:fs'
import { charts, clockIn, expect, span, test } from './open'

const minute = 60_000

test('an hour is every reading, a year comes by rollups and stays small', async ({ page }) => {
  const sizes: [string, number][] = []
  const bodies: Promise<unknown>[] = []
  page.on('response', (response) => {
    const { pathname, searchParams } = new URL(response.url())
    const resolution = searchParams.get('resolution')
    // `auto` is the first page's; an answer that was given up for the next has no body.
    if (!pathname.endsWith('/readings') || resolution === 'auto') return
    bodies.push(response.body().then((body) => sizes.push([resolution ?? '', body.length]), () => {}))
  })
  await charts(page, '?page=charts&station=roof&last=1h')
  await expect(page.getByTestId('charts')).toHaveAttribute('data-resolution', 'raw')
  for (const [length, resolution] of [['24h', '1m'], ['7d', '10m'], ['30d', '1h'], ['1y', '1d'], ['5y', '1d']] as const) {
    await page.locator(`[data-length="${length}"]`).click()
    await expect(page.getByTestId('charts')).toHaveAttribute('data-resolution', resolution)
    await expect(page.locator('.uplot').first()).toBeVisible()
  }
  await Promise.all(bodies)
  expect(new Set(sizes.map(([resolution]) => resolution))).toEqual(new Set(['raw', '1m', '10m', '1h', '1d']))
  for (const [resolution, bytes] of sizes.filter(([each]) => each === '1d')) expect(bytes, resolution).toBeLessThan(100 * 1024)
})

test('one legend follows one cursor through all charts', async ({ page }) => {
  await charts(page, '?page=charts&station=roof')
  const box = await page.locator('.u-over').first().boundingBox()
  if (!box) throw new Error('no chart')
  const pressure = page.getByTestId('legend-pressure_hpa').locator('b')
  await expect(pressure).toHaveText(/^\d+\.\d to \d+\.\d\s?hPa$/)
  await page.mouse.move(box.x + box.width / 2, box.y + 20)
  await expect(page.getByTestId('legend')).toHaveAttribute('data-at', /\d/)
  await expect(pressure).toHaveText(/^\d+\.\d\s?hPa$/)
  await expect(page.getByTestId('legend-humidity_pct')).toContainText('%')
  const visible = await page.locator('.u-cursor-x').evaluateAll((all) => all.filter((each) => !each.classList.contains('u-off')).length)
  expect(visible).toBe(4)
})

test('the legend reads what the gateway has, in the zone of the station: the mean, between lowest and highest', async ({ page, request }) => {
  await charts(page, '?page=charts&station=roof&q=temperature_c&last=30d')
  await page.getByRole('slider').focus()
  await page.keyboard.press('Home')
  const legend = page.getByTestId('legend')
  await expect(legend).toHaveAttribute('data-at', /\d/)
  const at = Number(await legend.getAttribute('data-at')) * 1_000
  const [from, to] = [new Date(at).toISOString(), new Date(at + 60 * minute).toISOString()]
  const { items } = await (await request.get(`/api/v1/stations/roof/readings?from=${from}&to=${to}&resolution=1h`)).json()
  const { min, mean, max } = items[0].temperature_c
  const [value, around] = [legend.locator('li b'), legend.locator('li p span')]
  const degrees = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: 'negative' })
  const written = (number: number) => degrees.format(number).replace('-', '−')
  await expect(value).toHaveText(new RegExp(`^${written(mean)}\\s?°C$`))
  await expect(around).toHaveText(`${written(min)} to ${written(max)}`)
  const clock = clockIn('America/Denver')
  await expect(legend.locator('.when b')).toContainText(clock.format(at))
})

test('nights are shaded, gaps are gaps, and an episode stands on the chart with its sentence', async ({ page }) => {
  await charts(page, '?page=charts&station=odd&q=temperature_c')
  const chart = page.getByTestId('chart-temperature_c')
  await expect(chart).toHaveAttribute('data-nights', /[1-3]/)
  await expect(chart).toHaveAttribute('data-episodes', /[1-9]/)
  await expect(page.getByTestId('chart-episodes')).toContainText('150')
  const box = await page.locator('.u-over').boundingBox()
  if (!box) throw new Error('no chart')
  // Three hours ago nothing was measured.
  await page.mouse.move(box.x + box.width * (1 - 3 / 24), box.y + 20)
  await expect(page.getByTestId('legend-temperature_c')).toContainText('no value')
  await page.mouse.move(box.x + box.width - 1, box.y + 20)
  // What the value itself is, or after a quarter of an hour what it makes of the humidity.
  await expect(page.getByTestId('evidence').first()).toContainText(/150|dew point/)
})

test('behind each chart stands its table', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&last=6h')
  await page.getByTestId('tables').click()
  await expect(page.getByTestId('table-humidity_pct').locator('tbody tr').first()).toContainText(/\d\d:\d\d/)
  await page.locator('[data-length="1h"]').click()
  await expect(page.getByTestId('table-humidity_pct').locator('tbody tr').first()).toContainText(/\d\d:\d\d:\d\d/)
  expect(await page.locator('[data-testid^=table-]').count()).toBe(4)
})

test('what is shown can be taken away: CSV, Parquet', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&last=6h')
  for (const kind of ['csv', 'parquet']) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(`take-${kind}`).click()])
    expect(download.suggestedFilename()).toMatch(new RegExp(`^roof-.*\\.${kind}$`))
    const bytes = readFileSync(await download.path())
    if (kind === 'parquet') expect(bytes.subarray(0, 4).toString()).toBe('PAR1')
    else {
      const [head, ...lines] = bytes.toString().trim().split('\n')
      expect(head).toContain('temperature_c_mean')
      expect(lines.length).toBeGreaterThan(350)
      expect(lines.length).toBeLessThan(362)
      const [from, to] = await span(page)
      expect(Math.abs(Date.parse(lines[0]?.split(',')[0] ?? '') - from)).toBeLessThan(2 * minute)
      expect(Math.abs(Date.parse(lines.at(-1)?.split(',')[0] ?? '') - to)).toBeLessThan(2 * minute)
    }
  }
})
