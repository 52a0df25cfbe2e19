/** Each page at each size, dark and light, in both languages: nothing to complain of, nothing out of the frame. */
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from './open'

const sizes = [[360, 740], [768, 1024], [1440, 900]] as const
const pages = ['now', 'charts', 'stations', 'station', 'records', 'events']

for (const [width, height] of sizes) {
  for (const theme of ['light', 'dark']) {
    for (const lang of ['en', 'pt-BR']) {
      test(`${width}×${height} ${theme} ${lang}`, async ({ page }) => {
        test.setTimeout(90_000)
        await page.setViewportSize({ width, height })
        for (const name of pages) {
          await page.goto(`/?page=${name}&station=roof&lang=${lang}&theme=${theme}&period=day`)
          await expect(page.locator('main h1')).not.toHaveCount(0)
          if (name === 'charts') await expect(page.locator('.uplot')).toHaveCount(4)
          if (name === 'now') await expect(page.locator('[data-testid=sparkline-humidity_pct] path')).toHaveAttribute('d', /L/)
          if (name === 'records') await expect(page.locator('tbody tr').first()).toBeVisible()
          await expect(page.locator('html')).toHaveAttribute('lang', lang)
          await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
          expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${name} scrolls sideways`).toBeLessThanOrEqual(0)
          await page.screenshot({ path: `../../target/panel/${name}-${width}-${theme}-${lang}.png` })
          const { violations } = await new AxeBuilder({ page }).analyze()
          expect.soft(violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([])
        }
      })
    }
  }
}

test('the keyboard reaches everything, and the focus is seen', async ({ page }) => {
  await page.goto('/?page=charts&station=roof')
  await expect(page.locator('.uplot')).toHaveCount(4)
  await page.keyboard.press('Tab')
  await expect(page.locator('.skip')).toBeFocused()
  const seen = new Set<string>()
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement
      return { role: element.getAttribute('role') ?? element.tagName, outline: getComputedStyle(element).outlineStyle }
    })
    if (focused.role === 'BODY') break
    expect(focused.outline, focused.role).not.toBe('none')
    seen.add(focused.role)
  }
  expect([...seen]).toEqual(expect.arrayContaining(['A', 'BUTTON', 'INPUT', 'slider']))
})
