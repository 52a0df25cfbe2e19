/** What holds for the panel as a whole: its weight, its policy, its connection, and what it is without the gateway. */
import { gzipSync } from 'node:zlib'
import { charts, expect, open, test } from './open'
import { startGateway } from './parts'
import { wire } from './wire'

const budget_bytes = 80 * 1024

for (const query of ['', '?page=charts']) {
  test(`first load of ${query || 'the panel'} stays under 80 KiB, one request a script`, async ({ page }) => {
    const sizes = new Map<string, number>()
    const asked: string[] = []
    const bodies: Promise<void>[] = []
    page.on('response', (response) => {
      if (!/\.(js|css)$/.test(new URL(response.url()).pathname)) return
      asked.push(response.url())
      bodies.push(response.body().then((body) => void sizes.set(response.url(), gzipSync(body, { level: 9 }).length)))
    })
    await (query ? charts(page, query) : open(page, query))
    await Promise.all(bodies)
    expect(asked.length).toBe(new Set(asked).size)
    const total = [...sizes.values()].reduce((a, b) => a + b, 0)
    expect(total).toBeGreaterThan(10_000)
    expect(total).toBeLessThan(budget_bytes)
  })
}

test.describe('the policy', () => {
  test.use({ allowed: [/Content Security Policy|violates the following/] })
  test('forbids what does not stand in files, and the panel needs none of it', async ({ page }) => {
    const policy = (await page.goto('/?page=charts'))?.headers()['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toContain('unsafe')
    await expect(page.locator('.uplot').first()).toBeVisible()
    const ran = await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'window.ran = true'
      document.body.append(script)
      return 'ran' in window
    })
    expect(ran).toBe(false)
  })
})

test.describe('over a wire that is cut', () => {
  test('all tabs share one stream; cut, they say so; mended, they go on where they were, without a reload', async ({ browser }) => {
    test.setTimeout(90_000)
    const between = await wire()
    const context = await browser.newContext({ serviceWorkers: 'block' })
    const tabs = await Promise.all([0, 1, 2].map(() => context.newPage()))
    let loads = 0
    for (const tab of tabs) {
      tab.on('domcontentloaded', () => (loads += 1))
      await tab.goto(`${between.url}?station=roof`)
      await expect(tab.getByTestId('connection')).toHaveAttribute('data-state', 'live')
    }
    expect(between.streams()).toBe(1)
    const value = tabs[2]?.getByTestId('value-temperature_c')
    const before = (await value?.getAttribute('data-at')) ?? ''
    await expect(value ?? tabs[0]!.locator('x')).not.toHaveAttribute('data-at', before, { timeout: 20_000 })
    between.cut()
    for (const tab of tabs) {
      await expect(tab.getByTestId('connection')).toHaveAttribute('data-state', 'reconnecting')
      await expect(tab.getByTestId('lost-connection')).toBeVisible()
    }
    await between.mend()
    for (const tab of tabs) await expect(tab.getByTestId('connection')).toHaveAttribute('data-state', 'live', { timeout: 40_000 })
    expect(between.streams()).toBe(1)
    expect(between.asked.at(-1)).toMatch(/last-event-id: [0-9a-f]{8}-\d+|last_event_id=[0-9a-f]{8}-\d+/i)
    expect(loads).toBe(3)
    await context.close()
    between.cut()
  })

  test('where the worker’s script does not come, the page says so and tries again', async ({ browser }) => {
    const between = await wire()
    between.refuse = /stream\.worker/
    const context = await browser.newContext({ serviceWorkers: 'block' })
    const page = await context.newPage()
    await page.goto(`${between.url}?station=roof`)
    await expect(page.getByTestId('lost-connection')).toBeVisible()
    between.refuse = null
    await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'live')
    expect(between.streams()).toBe(1)
    await context.close()
    between.cut()
  })

  test('without shared workers one tab leads, and another takes over', async ({ browser }) => {
    const between = await wire()
    const context = await browser.newContext({ serviceWorkers: 'block' })
    await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'))
    const [first, second] = [await context.newPage(), await context.newPage()]
    for (const tab of [first, second]) {
      await tab.goto(`${between.url}?station=roof`)
      await expect(tab.getByTestId('connection')).toHaveAttribute('data-state', 'live')
    }
    expect(between.streams()).toBe(1)
    await first.close()
    await expect.poll(() => between.streams()).toBe(1)
    await expect(second.getByTestId('connection')).toHaveAttribute('data-state', 'live')
    await context.close()
    between.cut()
  })

  test('installed, it opens without the gateway, with the last values and their age', async ({ browser }) => {
    const between = await wire()
    const context = await browser.newContext({ serviceWorkers: 'allow' })
    const page = await context.newPage()
    await page.goto(`${between.url}?station=roof`)
    await page.evaluate(async () => { await navigator.serviceWorker.ready })
    await page.reload()
    await expect(page.getByTestId('value-temperature_c')).toContainText('°C')
    await expect.poll(() => page.evaluate(() => caches.keys().then((keys) => keys.length))).toBe(2)
    const manifest = await (await page.request.get(`${between.url}manifest.webmanifest`)).json()
    expect(manifest.display).toBe('standalone')
    between.cut()
    await page.reload()
    await expect(page.getByTestId('value-temperature_c')).toContainText('°C')
    await expect(page.getByTestId('kept')).toContainText('ago')
    await context.close()
  })
})

test('a gateway without stations says so', async ({ page }) => {
  const { base, child, ready } = await startGateway()
  try {
    await ready()
    const answer = await fetch(`${base}/`)
    expect(await answer.text()).toContain('<div id="app">')
    const empty = await page.context().newPage()
    await empty.goto(`${base}/`)
    await expect(empty.locator('main')).toContainText('No station yet')
    await empty.close()
  } finally {
    child.kill('SIGTERM')
  }
})
