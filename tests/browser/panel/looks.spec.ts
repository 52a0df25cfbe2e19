/** Each page at each size, dark and light, in both languages: nothing to complain of, nothing cut off or over another. */
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from './open'

const sizes = [[360, 740], [768, 1024], [1440, 900]] as const
/** English in light and Portuguese in dark, or with MINUANO_AXE=all (`cargo xtask test panel --long`) every combination. */
const judgesAll = process.env.MINUANO_AXE === 'all'
const pages = ['now', 'charts', 'stations', 'station', 'records', 'events']

/** What is wider than its place. What scrolls, and names that people gave, may be. */
function cut(): string[] {
  const may = '.unseen, .uplot, .pills, .extra, .scroll, .name, [data-testid=station-picker] ul, h2 a, option, select'
  return [...document.querySelectorAll<HTMLElement>('main *, header *')]
    .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).overflowX !== 'visible' && !element.closest(may))
    .map((element) => `${element.tagName} ${element.textContent?.trim().slice(0, 60)}`)
}

/** Pairs in the header of which one lies over the other. */
function over(): string[] {
  const all = [...document.querySelectorAll<HTMLElement>('header .product, header nav a, header .tools > *')].filter((each) => each.getClientRects().length > 0)
  const boxes = all.map((element) => ({ name: element.textContent?.trim() ?? '', box: element.getBoundingClientRect() }))
  return boxes.flatMap(({ name, box }, index) =>
    boxes.slice(index + 1).filter((other) => other.box.left < box.right - 0.5 && other.box.right > box.left + 0.5 && other.box.top < box.bottom - 0.5 && other.box.bottom > box.top + 0.5).map((other) => `${name} and ${other.name}`),
  )
}

for (const [width, height] of sizes) {
  for (const theme of ['light', 'dark']) {
    for (const lang of ['en', 'pt-BR']) {
      test(`${width}×${height} ${theme} ${lang}`, async ({ page }) => {
        test.setTimeout(90_000)
        await page.setViewportSize({ width, height })
        for (const name of pages) {
          await page.goto(`/?page=${name}&station=loft&lang=${lang}&theme=${theme}&period=day`)
          await expect(page.locator('main h1')).not.toHaveCount(0)
          if (name === 'charts') await expect(page.locator('.uplot')).toHaveCount(3)
          if (name === 'now') await expect(page.locator('[data-testid=sparkline-humidity_pct] .line')).toHaveAttribute('d', /L/)
          if (name === 'station') await expect(page.getByTestId('health-chart')).toBeVisible()
          if (name === 'records') await expect(page.locator('tbody tr').first()).toBeVisible()
          if (name === 'events') await expect(page.getByTestId('episode').first()).toBeVisible()
          await expect(page.locator('html')).toHaveAttribute('lang', lang)
          await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
          expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${name} scrolls sideways`).toBeLessThanOrEqual(0)
          expect.soft(await page.evaluate(cut), `${name}: cut off`).toEqual([])
          expect.soft(await page.evaluate(over), `${name}: one over the other`).toEqual([])
          await page.screenshot({ path: `../../target/panel/${name}-${width}-${theme}-${lang}.png` })
          // Both languages and both themes are judged, though not each pair: half the time.
          if (!judgesAll && (lang === 'en') !== (theme === 'light')) continue
          const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).analyze()
          expect.soft(violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([])
        }
      })
    }
  }
}

test('open settings, tables, a kiosk, a doubted value and a note satisfy axe too', async ({ page }) => {
  test.setTimeout(90_000)
  for (const [query, press] of [['?station=odd', 'settings'], ['?page=charts&station=odd&beside=loft&last=1h&table=1', null], ['?kiosk&station=roof', null], ['?page=moon', null]] as const) {
    await page.goto(`/${query}`)
    await expect(page.locator('main h1')).not.toHaveCount(0)
    if (query.includes('charts')) await expect(page.getByTestId('table-humidity_pct').locator('tbody tr').first()).toBeVisible()
    if (press) await page.getByTestId(press).click()
    const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).analyze()
    expect.soft(violations.map(({ id, nodes }) => `${query}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([])
  }
})
