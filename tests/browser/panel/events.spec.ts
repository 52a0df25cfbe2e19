/** Anomalies and weather: their list, their filters, their place on the charts. */
import { expect, open, test } from './open'
import { denver, hour_ms, minutes, startGateway, Voice } from './parts'

test('episodes of both kinds are filtered, by the address too, and lead to their place on the chart', async ({ page }) => {
  await open(page, '?page=events')
  await expect(page.locator('[data-source=weather]').first()).toBeVisible()
  await expect(page.locator('[data-source=anomaly]').first()).toBeVisible()
  await page.getByTestId('filter-station').selectOption('odd')
  await expect(page).toHaveURL(/station=odd/)
  await expect(page.locator('[data-source=weather]')).toHaveCount(0)
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

test('an event that goes on is one line that changes in place, on the first page and in the list', async ({ context }) => {
  const { base, mqtt, child, ready } = await startGateway()
  try {
    await ready()
    const chill = await Voice.connect(mqtt, 'chill', 'dddddddddddddddd')
    await chill.say('about', { ...denver, name: 'Chill', sensors: [{ part: 'bme280', address: 118, quantities: ['temperature_c'] }] })
    await chill.say('status', { state: 'online' })
    const begin = Date.now() - hour_ms
    await chill.backlog(minutes(begin, 30), (index) => ({ temperature_c: 1 - index / 10 }))
    const tabs = [await context.newPage(), await context.newPage()] as const
    const lines = tabs.map((tab) => tab.locator('[data-kind=frost]'))
    await tabs[0].goto(`${base}/?station=chill`)
    await tabs[1].goto(`${base}/?page=events`)
    for (const line of lines) {
      await expect(line).toContainText(/fell to −1\.[89]/)
      await line.evaluate((element) => (element.dataset.marked = 'yes'))
    }
    // From here on the first page hears of it by the stream alone.
    await tabs[0].route(/\/api\/v1\/events/, () => {})
    await chill.backlog(minutes(begin + hour_ms / 2, 20), (index) => ({ temperature_c: -2 - index / 10 }))
    for (const line of lines) {
      await expect(line).toContainText(/fell to −3\.[89]/)
      await expect(line).toHaveCount(1)
      await expect(line).toHaveAttribute('data-marked', 'yes')
    }
    chill.close()
  } finally {
    child.kill('SIGTERM')
  }
})
