/** A screen that nobody touches. */
import type { Browser } from '@playwright/test'
import { expect, open, test } from './open'
import { wire } from './wire'

/** One with a clock that is turned by hand, live behind a wire. */
async function overAWire(browser: Browser) {
  const between = await wire()
  const context = await browser.newContext({ serviceWorkers: 'block' })
  const page = await context.newPage()
  await page.clock.install()
  await page.goto(`${between.url}?kiosk&station=roof`)
  await expect(page.getByTestId('value-temperature_c')).toContainText('°C')
  await expect.poll(between.streams).toBe(1)
  return { between, context, page }
}

test('a kiosk takes turns, has no controls, and keeps its choices over a reload', async ({ page }) => {
  await page.clock.install()
  await open(page, '?kiosk&station=roof&lang=pt-BR&theme=dark')
  await expect(page.getByTestId('tabs')).toHaveCount(0)
  await expect(page.getByTestId('station-picker')).toHaveCount(0)
  // It takes no turn before its stream is there.
  await expect(async () => {
    await page.clock.runFor(20_000)
    await expect(page).toHaveURL(/page=charts/, { timeout: 1_000 })
  }).toPass({ timeout: 20_000 })
  await expect(page.getByTestId('toolbar')).toHaveCount(0)
  await page.clock.runFor(20_000)
  await expect(page).toHaveURL(/station=(?!roof)/)
  await page.reload()
  await expect(page.getByTestId('tabs')).toHaveCount(0)
  await expect(page.locator('html')).toHaveAttribute('lang', 'pt-BR')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

test('a kiosk keeps the screen awake, also after it was hidden', async ({ page }) => {
  await page.addInitScript(() => {
    const root = () => document.documentElement.dataset
    const request = (kind: string) => {
      root().lock = kind
      root().locks = String(Number(root().locks ?? 0) + 1)
      return Promise.resolve({ release: () => Promise.resolve() })
    }
    Object.defineProperty(navigator, 'wakeLock', { value: { request } })
  })
  await open(page, '?kiosk&station=roof')
  await expect(page.locator('html')).toHaveAttribute('data-lock', 'screen')
  await expect(page.locator('html')).toHaveAttribute('data-locks', '1')
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await expect(page.locator('html')).toHaveAttribute('data-locks', '2')
})

test('a kiosk goes on by itself when the gateway was away', async ({ browser }) => {
  const { between, context, page } = await overAWire(browser)
  await page.clock.pauseAt(Date.now() + 1_000)
  // Nobody sees the connection's badge here: the page itself says it, and takes no turns that would show nothing.
  between.cut()
  await expect(page.getByTestId('lost-connection')).toBeVisible()
  for (let turn = 0; turn < 2; turn += 1) {
    await page.clock.runFor(20_000)
    await expect(page.getByTestId('value-temperature_c')).toContainText('°C')
  }
  await between.mend()
  await expect(page.getByTestId('lost-connection')).toHaveCount(0, { timeout: 40_000 })
  await context.close()
  between.cut()
})

test('a kiosk whose stream stays away loads anew, since the gateway answers', async ({ browser }) => {
  const { between, context, page } = await overAWire(browser)
  between.refuse = /\/api\/v1\/stream/
  between.cut()
  await between.mend()
  await expect(page.getByTestId('lost-connection')).toBeVisible()
  const loaded = page.waitForEvent('load')
  await page.clock.fastForward(320_000)
  await loaded
  await context.close()
  between.cut()
})

test.describe('an error of the page', () => {
  test.use({ allowed: [/made for the test|ERR_FAILED|Failed to load/] })

  test('makes a kiosk begin again, once the gateway answers, and no other page', async ({ page }) => {
    await page.clock.install()
    let loads = 0
    page.on('domcontentloaded', () => (loads += 1))
    const fail = () => page.evaluate(() => void Promise.reject(new Error('made for the test')))
    await open(page, '?station=roof')
    await fail()
    await page.clock.runFor(30_000)
    expect(loads).toBe(1)
    await open(page, '?kiosk&station=roof')
    await page.route('**/healthz', (route) => route.abort())
    const refused = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/healthz'))
    await fail()
    await page.clock.runFor(30_000)
    await refused
    expect(loads).toBe(2)
    await page.unroute('**/healthz')
    await fail()
    await page.clock.runFor(30_000)
    await expect.poll(() => loads).toBe(3)
    await expect(page.locator('main h1')).not.toHaveCount(0)
  })

  test('a kiosk loads anew once a day', async ({ page }) => {
    await page.clock.install()
    await open(page, '?kiosk&station=roof')
    const loaded = page.waitForEvent('load')
    await page.clock.fastForward(25 * 3_600_000)
    await loaded
  })
})
