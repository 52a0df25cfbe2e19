/** Whether what is shown came from the service worker's store, because the gateway is away. */
import { observeKept } from '../api/client'

class Kept {
  since = $state<number | null>(null)

  constructor() {
    observeKept((since) => (this.since = since))
  }
}

export const kept = new Kept()
