import { readFileSync } from 'node:fs'
import { charts, expect, open, span, test } from './open'

const hour = 3_600_000

test('any time by buttons, steps, date, drag, double-click, wheel and keyboard; the address restores it', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=temperature_c')
  const length = async () => { const [from, to] = await span(page); return to - from }
  await page.locator('[data-length="6h"]').click()
  await expect.poll(length).toBe(6 * hour)
  const [, end] = await span(page)
  await page.getByTestId('earlier').click()
  await expect.poll(async () => Math.abs((await span(page))[1] - (end - 6 * hour))).toBeLessThan(60_000)
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
  await expect.poll(async () => Math.abs((await length()) - 3 * hour)).toBeLessThan(0.1 * hour)
  await expect(page).toHaveURL(/from=.*to=/)
  const link = page.url()
  const dragged = await span(page)

  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -240)
  await page.keyboard.up('Control')
  await expect.poll(length).toBeLessThan(2 * hour)
  await page.getByRole('slider').first().focus()
  await page.keyboard.press('-')
  await page.keyboard.press('-')
  await expect.poll(length).toBeGreaterThan(3 * hour)
  const [before] = await span(page)
  await page.keyboard.press('Shift+ArrowLeft')
  await expect.poll(async () => (await span(page))[0]).toBeLessThan(before)
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

test('one legend follows one cursor through all charts', async ({ page }) => {
  await charts(page, '?page=charts&station=roof')
  const box = await page.locator('.u-over').first().boundingBox()
  if (!box) throw new Error('no chart')
  await expect(page.getByTestId('legend-pressure_hpa')).toContainText(' to ')
  await page.mouse.move(box.x + box.width / 2, box.y + 20)
  await expect(page.getByTestId('legend')).toHaveAttribute('data-at', /\d/)
  await expect(page.getByTestId('legend-pressure_hpa')).not.toContainText(' to ')
  await expect(page.getByTestId('legend-humidity_pct')).toContainText('%')
  const visible = await page.locator('.u-cursor-x').evaluateAll((all) => all.filter((each) => !each.classList.contains('u-off')).length)
  expect(visible).toBe(4)
})

test('the legend reads what the gateway has: the mean, between lowest and highest', async ({ page, request }) => {
  await charts(page, '?page=charts&station=roof&q=temperature_c&last=24h')
  await page.getByRole('slider').focus()
  await page.keyboard.press('Home')
  const at = Number(await page.getByTestId('legend').getAttribute('data-at'))
  const [from, to] = [new Date((at - 600) * 1_000).toISOString(), new Date((at + 600) * 1_000).toISOString()]
  const { items } = await (await request.get(`/api/v1/stations/roof/readings?from=${from}&to=${to}&resolution=1m`)).json()
  const means = items.flatMap((item: { temperature_c?: { mean: number } }) => (item.temperature_c ? [item.temperature_c.mean] : []))
  const shown = parseFloat((await page.getByTestId('legend-temperature_c').innerText()).replace('−', '-'))
  expect(shown).toBeGreaterThanOrEqual(Math.min(...means) - 0.06)
  expect(shown).toBeLessThanOrEqual(Math.max(...means) + 0.06)
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

test('a night is darker than a day, on the canvas itself', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=illuminance_lx')
  const colours = await page.locator('.uplot canvas').evaluate((canvas: HTMLCanvasElement) => {
    const context = canvas.getContext('2d')
    const row = context?.getImageData(0, Math.round(canvas.height * 0.12), canvas.width, 1).data ?? []
    return new Set(Array.from({ length: row.length / 4 }, (_, i) => row[4 * i + 3])).size
  })
  expect(colours).toBeGreaterThan(1)
})

test('two stations on one chart, told apart by name', async ({ page }) => {
  await charts(page, '?page=charts&station=roof&q=temperature_c')
  await page.locator('[data-beside=shed]').click()
  await expect(page).toHaveURL(/beside=shed/)
  await expect(page.getByTestId('legend-temperature_c')).toContainText(/Roof .*Shed .*°C/)
  await expect(page.getByTestId('chart-temperature_c').locator('.of')).toHaveText(['Roof', 'Shed'])
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
    if (kind === 'csv') expect(bytes.toString().split('\n').length).toBeGreaterThan(350)
    else expect(bytes.subarray(0, 4).toString()).toBe('PAR1')
  }
})

test('episodes of both kinds are filtered, by the address too, and lead to their place on the chart', async ({ page }) => {
  await open(page, '?page=events')
  await expect(page.locator('[data-source=weather]').first()).toBeVisible()
  await expect(page.locator('[data-source=anomaly]').first()).toBeVisible()
  await page.getByTestId('filter-station').selectOption('odd')
  await expect(page).toHaveURL(/station=odd/)
  await page.getByTestId('filter-kind').selectOption('range')
  await expect(page.getByTestId('episode')).toHaveCount(1)
  await expect(page.getByTestId('episode')).toContainText('<img')
  await page.getByTestId('filter-state').selectOption('closed')
  await expect(page.getByTestId('no-events')).toBeVisible()
  await page.getByTestId('filter-state').selectOption('open')
  await expect(page).toHaveURL(/kind=range.*state=open/)
  await page.getByTestId('episode').getByRole('link').click()
  await expect(page).toHaveURL(/page=charts.*episode=anomaly-\d+/)
  await expect(page.locator('.pointed')).toContainText('150')
})

test('weather events stand beside anomalies: on the first page, in the list, and on the chart', async ({ page }) => {
  await open(page, '?station=loft')
  await expect(page.getByTestId('episodes').locator('[data-kind=heat]')).toContainText('36')
  await expect(page.getByTestId('episodes').locator('[data-kind=altitude]')).toContainText('920')
  await open(page, '?page=events&station=loft&kind=heat')
  await expect(page.getByTestId('episode')).toHaveCount(1)
  await page.getByTestId('episode').getByRole('link').click()
  await expect(page).toHaveURL(/q=temperature_c.*episode=weather-\d+/)
  await expect(page.getByTestId('chart-temperature_c')).toHaveAttribute('data-episodes', /[1-9]/)
  await expect(page.locator('.pointed')).toContainText('Heat')
  const box = await page.locator('.u-over').boundingBox()
  if (!box) throw new Error('no chart')
  await page.mouse.move(box.x + box.width / 2, box.y + 20)
  await expect(page.getByTestId('evidence')).not.toHaveText('\u00a0')
  // Its band is drawn: along the top of the plot there is more than the paper.
  const band = () => page.locator('.uplot canvas').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(Math.round(canvas.width / 2), 0, 1, canvas.height)
    return Array.from({ length: data.length / 4 }, (_, y) => data[4 * y + 3] ?? 0).slice(0, canvas.height / 4).some((alpha) => alpha > 0)
  })
  await expect.poll(band).toBe(true)
})

test('records and climate: day, month, year and all time, with times and degree days, and fit for paper', async ({ page }) => {
  await open(page, '?page=records&station=roof&period=day&theme=dark')
  await expect(page.getByTestId('climate-temperature_c').locator('tbody tr').first()).toContainText(/\d\d:\d\d/)
  await expect(page.getByTestId('degree-days')).toContainText('Heating')
  for (const period of ['month', 'year', 'all']) {
    await page.locator(`[data-period=${period}]`).click()
    await expect(page.getByTestId('climate-pressure_hpa').locator('tbody tr').first()).toBeVisible()
  }
  await expect(page.getByTestId('records')).toContainText('Warmest day')
  await page.emulateMedia({ media: 'print' })
  await expect(page.getByTestId('tabs')).toBeHidden()
  await expect(page.locator('.choices')).toBeHidden()
  await expect(page.locator('h1')).toContainText('Roof')
  await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(255, 255, 255)')
  expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
})
