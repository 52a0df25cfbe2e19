import { observeServerTime } from '../api/client'

/** A browser's clock may be minutes off; a difference this small is the network's. */
const tolerated_ms = 5_000

/** The gateway's time, ticking each second. */
class Clock {
  now = $state(Date.now())
  #offset = 0

  constructor() {
    observeServerTime((at) => {
      const difference = at - Date.now()
      this.#offset = Math.abs(difference) > tolerated_ms ? difference : 0
      this.#tick()
    })
    setInterval(() => this.#tick(), 1_000)
  }

  #tick(): void {
    this.now = Date.now() + this.#offset
  }
}

export const clock = new Clock()
