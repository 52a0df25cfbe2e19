/** The shared worker: one hub for all tabs of a browser. Its name is the stream's address. */
import { eventSource, Hub, type Message } from './hub'

interface Port {
  postMessage(batch: Message[]): void
  onmessage: ((event: { data: unknown }) => void) | null
}

const scope = globalThis as unknown as { name: string; onconnect: (event: { ports: Port[] }) => void }
const ports = new Set<Port>()
const hub = new Hub(eventSource(scope.name), (batch) => ports.forEach((port) => port.postMessage(batch)))

scope.onconnect = ({ ports: [port] }) => {
  if (!port) return
  ports.add(port)
  port.onmessage = ({ data }) => {
    if (data === 'bye') {
      ports.delete(port)
      if (ports.size === 0) hub.stop()
    } else if (typeof data === 'string' && data.startsWith('lock:')) {
      // A tab that is killed says no goodbye, but its lock comes free.
      void navigator.locks?.request(data, () => {
        ports.delete(port)
        if (ports.size === 0) hub.stop()
      })
    }
  }
  port.postMessage(hub.greeting())
  hub.start()
}
