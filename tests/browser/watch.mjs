// Opens the panel in Debian's Chromium and tells what it shows, one JSON object a line:
//
//   {"event":"value","quantity":…,"value":…,"at":…,"text":…}   a card's value, at first and whenever it changes
//   {"event":"state","state":…,"text":…}                       the station's state, the same way
//   {"event":"page","language":…,"width":…,"overflow":…}       the page is there
//   {"event":"request","url":…}                                every request, also one that is refused
//   {"event":"loaded","url":…}                                 every load of the page
//   {"event":"error","text":…}                                 what the page complained about
//   {"event":"picture","file":…}                               the page as it looked is in this file
//
// Each line of standard input is a command, {"press": selector} or {"picture": file}; its end is the end of the browser.
//
// Usage: node watch.mjs URL LANGUAGE

import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const [url, language] = process.argv.slice(2)
const tell = (event, facts) => process.stdout.write(JSON.stringify({ event, ...facts }) + '\n')

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
const commands = createInterface({ input: process.stdin })
// What comes before the page is there waits for it.
const waiting = []
let act = (command) => waiting.push(command)
commands.on('line', (line) => act(JSON.parse(line)))
const ended = new Promise((resolve) => commands.once('close', resolve))

try {
  const context = await browser.newContext({ locale: language, viewport: { width: 360, height: 800 } })
  const page = await context.newPage()
  page.on('request', (request) => tell('request', { url: request.url() }))
  page.on('domcontentloaded', () => tell('loaded', { url: page.url() }))
  page.on('pageerror', (error) => tell('error', { text: String(error) }))
  page.on('console', (message) => {
    if (message.type() === 'error') tell('error', { text: message.text() })
  })
  await page.exposeFunction('minuanoTell', tell)
  await page.addInitScript(watch)
  const pictured = async (file) => {
    await page.setViewportSize({ width: 1280, height: 900 })
    await page.waitForSelector('[data-testid=connection][data-state=live]')
    await page.screenshot({ path: file })
    tell('picture', { file })
  }
  await page.goto(url)
  await page.waitForSelector('[data-testid=value-temperature_c]')
  const facts = await page.evaluate(() => ({
    language: document.documentElement.lang,
    width: window.innerWidth,
    overflow: document.documentElement.scrollWidth - window.innerWidth,
  }))
  tell('page', facts)
  act = ({ press, picture }) => {
    const done = press ? page.click(press, { timeout: 5000 }) : pictured(picture)
    done.catch((error) => tell('error', { text: String(error) }))
  }
  waiting.forEach(act)
  await ended
} finally {
  await browser.close()
}

// Runs in the page.
function watch() {
  const told = new Map()
  const once = (key, event, facts) => {
    const said = JSON.stringify(facts)
    if (told.get(key) === said) return
    told.set(key, said)
    window.minuanoTell(event, facts)
  }
  const look = () => {
    for (const element of document.querySelectorAll('[data-testid^=value-]')) {
      const quantity = element.dataset.testid.slice('value-'.length)
      const { value, at } = element.dataset
      if (value !== '') once(quantity, 'value', { quantity, value: Number(value), at, text: element.textContent })
    }
    const state = document.querySelector('[data-testid=station-state]')
    if (state) once('state', 'state', { state: state.dataset.state, text: state.querySelector('b')?.textContent })
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
}
