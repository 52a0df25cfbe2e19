/** What a reader may choose, what a link carries, and who may not see, point or touch. */
import { charts, expect, open, span, test } from './open'

test('units are the reader’s, on cards, axes and in tables, and are kept', async ({ page }) => {
  await open(page, '?station=roof')
  await page.getByTestId('settings').click()
  await page.getByLabel('°F', { exact: true }).check()
  await page.getByLabel('inHg', { exact: true }).check()
  await page.getByLabel('klx', { exact: true }).check()
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('value-temperature_c')).toContainText('°F')
  const [raw, shown] = [Number(await page.getByTestId('value-pressure_hpa').getAttribute('data-value')), parseFloat(await page.getByTestId('value-pressure_hpa').innerText())]
  expect(Math.abs(raw / 33.8639 - shown)).toBeLessThan(0.02)
  await charts(page, '?page=charts&station=roof&table=1')
  await expect(page.getByTestId('legend-illuminance_lx')).toContainText('klx')
  await expect(page.getByTestId('table-temperature_c').locator('caption')).toContainText('°F')
  await charts(page, '?page=charts&station=roof&units=c-mmhg-lx')
  await expect(page.getByTestId('legend-pressure_hpa')).toContainText('mmHg')
})

test('each unit has its own numbers', async ({ page }) => {
  for (const [units, temperature, pressure] of [['c-hpa-lx', /^36\.0\s?°C$/, /^920\.0\s?hPa$/], ['f-inhg-lx', /^96\.8\s?°F$/, /^27\.17\s?inHg$/], ['c-mmhg-lx', /^36\.0\s?°C$/, /^690\.1\s?mmHg$/]] as const) {
    await open(page, `?station=loft&units=${units}`)
    await expect(page.getByTestId('value-temperature_c')).toHaveText(temperature)
    await expect(page.getByTestId('value-pressure_hpa')).toHaveText(pressure)
  }
  await open(page, '?station=roof&units=c-hpa-klx')
  const light = page.getByTestId('value-illuminance_lx')
  await expect(light).toContainText('klx')
  await expect(async () => {
    const [raw, shown] = await light.evaluate((element) => [Number(element.dataset.value), parseFloat(element.textContent ?? '')] as const)
    expect(Math.abs(raw / 1_000 - shown)).toBeLessThan(0.006)
  }).toPass({ timeout: 20_000 })
})

test('the language changes without a reload and is kept; a language is loaded only by its readers', async ({ page }) => {
  const asked: string[] = []
  page.on('request', (request) => void asked.push(new URL(request.url()).pathname))
  await open(page, '?station=roof')
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  expect(asked.filter((path) => path.includes('/pt-BR-'))).toEqual([])
  await page.getByTestId('settings').click()
  await page.getByLabel('Português (Brasil)').check()
  await expect(page.locator('html')).toHaveAttribute('lang', 'pt-BR')
  await expect(page.getByTestId('card-humidity_pct')).toContainText('Umidade')
  await expect(page.getByTestId('value-temperature_c')).toContainText(',')
  await page.reload()
  await expect(page.getByTestId('card-humidity_pct')).toContainText('Umidade')
  expect(asked.filter((path) => path === '/').length).toBe(2)
})

test('evidence is told in the reader’s language and units, and nowhere in English', async ({ page, request }) => {
  const { items: anomalies } = await (await request.get('/api/v1/anomalies')).json()
  const { items: events } = await (await request.get('/api/v1/events')).json()
  const english: string[] = [...anomalies, ...events].map(({ evidence }) => evidence)
  expect([...anomalies, ...events].map(({ kind }) => kind)).toEqual(expect.arrayContaining(['range', 'altitude', 'heat', 'cross_check']))
  for (const query of ['?page=events', '?station=loft', '?station=odd', '?page=charts&station=odd&q=temperature_c']) {
    await open(page, `${query}&lang=pt-BR&units=f-hpa-lx`)
    const told = page.locator('[data-testid=episode] .evidence, [data-testid^=why-]')
    await expect(told.first()).toBeVisible()
    for (const each of await told.all()) {
      await expect(each).toHaveAttribute('lang', 'pt-BR')
      await expect(each).not.toHaveText(/\b(the|is|limit|outside|above|below|rose|fell|nothing)\b/i)
    }
    const text = await page.locator('body').innerText()
    expect(english.filter((sentence) => text.includes(sentence))).toEqual([])
  }
  await open(page, '?station=odd&lang=pt-BR&units=f-hpa-lx')
  await expect(page.getByTestId('why-temperature_c')).toHaveText(/302.°F, fora de −112.°F a 140.°F/)
  await open(page, '?station=loft&lang=en')
  await expect(page.getByTestId('why-pressure_hpa')).toContainText(/920.*hPa is .* below the 1,?\d+.*hPa of its altitude/)
})

test('light, dark, as the system, and by the sun at the station', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await open(page, '?station=roof')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await page.getByTestId('settings').click()
  await page.getByLabel('Light', { exact: true }).check()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
  await page.getByLabel('By the sun').check()
  await expect(page.getByTestId('theme-switch')).toHaveAttribute('data-value', 'sun')
  // Noon and midnight in Colorado, whatever the system prefers.
  for (const [hour, theme] of [['19', 'light'], ['07', 'dark']] as const) {
    const other = await page.context().newPage()
    await other.clock.install({ time: `2026-11-20T${hour}:00:00Z` })
    await other.route('**/api/**', async (route) => {
      if (route.request().url().includes('/stream')) return route.abort()
      const answer = await route.fetch()
      await route.fulfill({ response: answer, headers: { ...answer.headers(), date: new Date(`2026-11-20T${hour}:00:00Z`).toUTCString() } })
    })
    await other.goto('/?station=roof&theme=sun')
    await expect(other.locator('main h1')).toBeVisible()
    await expect(other.locator('html')).toHaveAttribute('data-theme', theme)
    await other.unrouteAll({ behavior: 'ignoreErrors' })
    await other.close()
  }
})

test('a copied link restores the view for somebody else: span, stations, quantities, tables, language, theme, units', async ({ page, context, browser }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await charts(page, '?page=charts&station=roof&beside=shed&q=temperature_c&last=6h&lang=pt-BR')
  await page.getByTestId('settings').click()
  await page.getByLabel('°F', { exact: true }).check()
  await page.getByLabel('Escuro', { exact: true }).check()
  await page.keyboard.press('Escape')
  await page.getByTestId('earlier').click()
  await page.getByTestId('tables').click()
  const before = await span(page)
  await page.getByTestId('take-link').click()
  await expect(page.getByText('Link copiado')).toBeVisible()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  const other = await browser.newPage({ locale: 'en-US', serviceWorkers: 'block' })
  await other.goto(link)
  await expect(other.locator('.uplot')).toHaveCount(1)
  expect(await span(other)).toEqual(before)
  await expect(other.locator('html')).toHaveAttribute('lang', 'pt-BR')
  await expect(other.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(other.getByTestId('legend-temperature_c')).toContainText(/Roof .*°F.*Shed .*°F/s)
  await expect(other.getByTestId('table-temperature_c')).toContainText('Shed')
  await expect(other.getByTestId('ignored')).toHaveCount(0)
  // What the link asks for holds while its reader goes on, over a reload too.
  await other.getByTestId('tabs').getByRole('link').first().click()
  await other.reload()
  await expect(other.locator('html')).toHaveAttribute('lang', 'pt-BR')
  await expect(other.getByTestId('value-temperature_c')).toContainText('°F')
  await other.close()
})

test('where there is no clipboard the link stands in the page', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  await charts(page, '?page=charts&station=roof&q=temperature_c')
  await page.getByTestId('take-link').click()
  await expect(page.getByTestId('toolbar').getByRole('status')).toContainText('units=c-hpa-lx')
})

test('a link with nonsense opens the default view and says what it ignored', async ({ page }) => {
  await open(page, '?page=moon&station=nobody&last=9z&%3Cb%3E=1&lang=tlh&theme=mauve&units=furlong')
  const note = page.getByTestId('ignored')
  for (const part of ['page=moon', 'station=nobody', 'last=9z', '<b>=1', 'lang=tlh', 'theme=mauve', 'units=furlong']) await expect(note).toContainText(part)
  await expect(page.getByTestId('card-temperature_c')).toBeVisible()
  await note.getByRole('button').click()
  await expect(note).toHaveCount(0)
})

test('the keyboard reaches everything, and the focus is seen', async ({ page }) => {
  await page.goto('/?page=charts&station=roof&table=1')
  await expect(page.locator('.uplot')).toHaveCount(4)
  await page.keyboard.press('Tab')
  await expect(page.locator('.skip')).toBeFocused()
  const seen = new Set<string>()
  for (let i = 0; i < 70; i += 1) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement
      return { role: element.getAttribute('role') ?? element.tagName, outline: getComputedStyle(element).outlineStyle }
    })
    if (focused.role === 'BODY') break
    expect(focused.outline, focused.role).not.toBe('none')
    seen.add(focused.role)
  }
  expect([...seen]).toEqual(expect.arrayContaining(['A', 'BUTTON', 'INPUT', 'slider', 'region']))
})

test('the keyboard alone goes from a card to its chart, and through the settings', async ({ page }) => {
  await open(page, '?station=roof')
  await page.getByTestId('settings').focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('html')).toHaveAttribute('lang', 'pt-BR')
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('settings')).toBeFocused()
  await expect(page.getByTestId('language-switch')).toHaveCount(0)
  await page.getByTestId('card-pressure_hpa').getByRole('link').focus()
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('chart-pressure_hpa').locator('canvas')).toBeVisible()
})

test('a screen reader is told of changes politely', async ({ page }) => {
  await open(page, '?station=roof')
  await expect(page.getByTestId('spoken')).toHaveAttribute('aria-live', 'polite')
  await expect(page.getByTestId('spoken')).toContainText(/Online; Temperature: .*°C/)
})
