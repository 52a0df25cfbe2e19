/** Chores that need the panel in a browser but test nothing: `--grep screenshots` or `--grep bench`. */
import config from './playwright.config'

export default { ...config, testDir: 'chores', workers: 1, timeout: 240_000 }
