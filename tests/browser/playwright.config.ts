import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: 'panel',
  globalSetup: './panel/parts.ts',
  outputDir: '../../target/panel/results',
  reporter: [['list']],
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  use: {
    locale: 'en-US',
    viewport: { width: 1440, height: 900 },
    // The worker is tested where it is meant; elsewhere it would only stand between the test and the gateway.
    serviceWorkers: 'block',
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    },
  },
})
