import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import { expect, test } from '../panel/open'

const runs = 15
const rest_ms = 1_000
const frames = 200

function spread(values: number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return `mean ${mean.toFixed(1)} ms, median ${at(0.5)}, 95 % ${at(0.95)}, worst ${at(1)}`
}

test('bench: first values painted', async ({ browser }) => {
  const took: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const context = await browser.newContext({ baseURL: process.env.MINUANO_PANEL, serviceWorkers: 'block' })
    const page = await context.newPage()
    await page.addInitScript(() => {
      const look = () => {
        if (!document.querySelector('[data-testid=value-temperature_c] b')) return
        observer.disconnect()
        requestAnimationFrame(() => setTimeout(() => Object.assign(globalThis, { painted: performance.now() })))
      }
      const observer = new MutationObserver(look)
      observer.observe(document, { subtree: true, childList: true })
    })
    // A new context starts processes of its own, which nobody waits for who opens a page.
    await page.waitForTimeout(rest_ms)
    await page.goto('/?station=roof')
    await page.waitForFunction(() => 'painted' in globalThis)
    took.push(await page.evaluate(() => (globalThis as unknown as { painted: number }).painted))
    await context.close()
  }
  console.log(`first values painted after navigation, nothing cached, the browser at rest before, ${runs} runs: ${spread(took)}`)
})

test.describe('against Chart.js', () => {
  test.use({ allowed: [/./] })
  test('bench: 100,000 points redrawn while moving', async ({ page }) => {
    const dashboard = resolve('../../dashboard')
    const vite = (await import(pathToFileURL(createRequire(`${dashboard}/package.json`).resolve('vite')).href)) as typeof import('vite')
    const server = await vite.createServer({ root: dashboard, server: { port: 0, host: '127.0.0.1' }, logLevel: 'error' })
    await server.listen()
    try {
      await page.goto(`${server.resolvedUrls?.local[0] ?? ''}dev/redraw.html`)
      await page.addScriptTag({ path: 'node_modules/chart.js/dist/chart.umd.js' })
      await page.waitForFunction('globalThis.measure !== undefined')
      await page.evaluate('measure.panel(30)')
      const own = (await page.evaluate(`measure.panel(${frames})`)) as number[]
      const peer = (await page.evaluate(`measure.peer(${frames / 4})`)) as number[]
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
      console.log(`100,000 points (lowest, highest, mean) redrawn while moving, ${frames} frames: ${spread(own)}`)
      console.log(`Chart.js 4.6.1, decimated by LTTB, ${frames / 4} frames: ${spread(peer)}; ${(mean(peer) / mean(own)).toFixed(1)} times the panel's`)
      expect(own.length).toBe(frames)
    } finally {
      await server.close()
    }
  })
})
