/** The panel's page for a test: it fails the test on any error in the console and any request to another host. */
import { test as base, expect, type Page } from '@playwright/test'

interface Opened {
  /** Errors that the test itself brings about. */
  allowed: RegExp[]
}

export const test = base.extend<Opened>({
  allowed: [[], { option: true }],
  baseURL: async ({}, use) => use(process.env.MINUANO_PANEL),
  page: async ({ page, allowed }, use) => {
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    page.on('request', (request) => {
      if (!request.url().startsWith(process.env.MINUANO_PANEL ?? '?') && !/^(blob|data):/.test(request.url())) errors.push(`a request left for ${request.url()}`)
    })
    await use(page)
    expect(errors.filter((error) => !allowed.some((each) => each.test(error)))).toEqual([])
  },
})

export { expect }

/** A time as an English reader has it: 06:12. */
export function clockIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
}

/** Opens a view and waits for its first values. */
export async function open(page: Page, query = ''): Promise<void> {
  await page.goto(`/${query}`)
  await expect(page.locator('main h1')).not.toHaveCount(0)
}

/** The charts, once their readings are there. */
export async function charts(page: Page, query: string): Promise<void> {
  await open(page, query)
  await expect(page.getByTestId('charts')).toHaveAttribute('data-loading', 'false')
  await expect(page.locator('.uplot').first()).toBeVisible()
}

export async function span(page: Page): Promise<[number, number]> {
  const element = page.getByTestId('charts')
  return [Number(await element.getAttribute('data-from')), Number(await element.getAttribute('data-to'))]
}
