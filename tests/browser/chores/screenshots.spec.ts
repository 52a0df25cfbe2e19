import { expect, test } from '../panel/open'

for (const [name, query, theme] of [['panel-now', '?station=roof', 'light'], ['panel-charts', '?page=charts&station=roof', 'dark']] as const) {
  test(`screenshots: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width: 1200, height: 900 })
    await page.goto(`/${query}&theme=${theme}&lang=en`)
    if (name === 'panel-charts') {
      await expect(page.locator('.uplot')).toHaveCount(4)
      const box = await page.locator('.u-over').first().boundingBox()
      if (box) await page.mouse.move(box.x + box.width * 0.6, box.y + 40)
    }
    await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'live')
    if (name === 'panel-now') await expect(page.locator('[data-testid=sparkline-humidity_pct] .line')).toHaveAttribute('d', /L/)
    await page.screenshot({ path: `../../docs/${name}.png` })
  })
}
