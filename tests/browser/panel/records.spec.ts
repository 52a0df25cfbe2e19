/** What a day, a month, a year and all time were like, on the screen and on paper. */
import { clockIn, expect, open, test } from './open'

const [number, clock, day] = [
  new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false }),
  clockIn('America/Sao_Paulo'),
  new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' }),
]

test('the climate of a day is the gateway’s: extremes with their times, means, degree days', async ({ page, request }) => {
  const { today } = await (await request.get('/api/v1/stations/loft')).json()
  const { quantities, degree_days, parts } = await (await request.get(`/api/v1/stations/loft/summary?period=day&date=${today.date}`)).json()
  await open(page, `?page=records&station=loft&period=day&date=${today.date}`)
  for (const [quantity, { min, min_at, max, max_at, mean }] of Object.entries<Record<string, number | string>>(quantities)) {
    const [low, high, middle] = [min, max, mean].map((value) => number.format(Number(value))) as [string, string, string]
    const [first, second] = [min_at, max_at].map((at) => clock.format(Date.parse(String(at)))) as [string, string]
    const table = page.getByTestId(`climate-${quantity}`)
    await expect(table.locator('tr.whole > *')).toHaveText(['Whole', low, first, high, second, middle])
    await expect(table.locator('tbody tr')).toHaveCount(parts.filter(({ count }: { count: number }) => count > 0).length + 1)
  }
  for (const kind of ['heating', 'cooling', 'growing'] as const) {
    const word = kind.charAt(0).toUpperCase() + kind.slice(1)
    await expect(page.getByTestId('degree-days')).toContainText(new RegExp(`${word}\\s*${Math.round(degree_days[kind])} base ${number.format(degree_days[`${kind}_base_c`])}`))
  }
})

test('the records of a station are the gateway’s, with their days', async ({ page }) => {
  const answer = page.waitForResponse((response) => response.url().endsWith('/stations/roof/records'))
  await open(page, '?page=records&station=roof&period=all')
  const { warmest_day, coldest_day, since } = await (await answer).json()
  const shown = page.getByTestId('records')
  for (const [word, { value, date }] of [['Warmest', warmest_day], ['Coldest', coldest_day]] as const) {
    await expect(shown.locator('div', { hasText: `${word} day` })).toHaveText(new RegExp(`${number.format(value).replace('-', '−')}.°C on ${day.format(Date.parse(date))}$`))
  }
  await expect(shown).toContainText(`Since ${day.format(Date.parse(since))}`)
})

test('climate by day, month, year and all time, with times and degree days, and fit for paper', async ({ page }) => {
  await page.addInitScript(() => Object.assign(globalThis, { print: () => (document.documentElement.dataset.printed = 'yes') }))
  await open(page, '?page=records&station=roof&period=day&theme=dark')
  await expect(page.getByTestId('climate-temperature_c').locator('tbody tr').first()).toContainText(/\d\d:\d\d/)
  await expect(page.getByTestId('degree-days')).toContainText('Heating')
  await page.getByLabel('Date', { exact: true }).fill('2026-01-15')
  await expect(page).toHaveURL(/date=2026-01-15/)
  await expect(page.locator('main')).toContainText('Nothing measured in this time')
  await page.goBack()
  for (const period of ['month', 'year', 'all']) {
    await page.locator(`[data-period=${period}]`).click()
    await expect(page).toHaveURL(period === 'month' ? /page=records/ : new RegExp(`period=${period}`))
    await expect(page.getByTestId('climate-pressure_hpa').locator('tbody tr').first()).toBeVisible()
  }
  await expect(page.getByTestId('records')).toContainText('Warmest day')
  await page.getByRole('button', { name: 'Print' }).click()
  await expect(page.locator('html')).toHaveAttribute('data-printed', 'yes')
  await page.emulateMedia({ media: 'print' })
  await expect(page.getByTestId('tabs')).toBeHidden()
  await expect(page.locator('.choices')).toBeHidden()
  await expect(page.locator('h1')).toContainText('Roof')
  await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(255, 255, 255)')
  expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
})
