/** Between a browser and the gateway, so that a test can cut the wire. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from './parts'

export interface Wire {
  url: string
  cut: () => void
  mend: () => Promise<void>
  /** How many streams are open, and what the head of each request for one was. */
  streams: () => number
  asked: string[]
  /** Ends what asks for a path like this. */
  refuse: RegExp | null
}

export async function wire(): Promise<Wire> {
  const to = Number(new URL(process.env.MINUANO_PANEL ?? '').port)
  const port = await freePort()
  const sockets = new Set<Socket>()
  const asked: string[] = []
  let streams = 0
  const listen = () =>
    new Promise<Server>((resolve) => {
      const server = createServer((client) => {
        const gateway = connect(to, '127.0.0.1')
        sockets.add(client)
        client.on('data', (bytes) => {
          const line = bytes.toString('latin1').split('\r\n\r\n')[0] ?? ''
          if (between.refuse?.test(line.split('\r\n')[0] ?? '')) client.destroy()
          if (line.includes('/api/v1/stream')) {
            streams += 1
            asked.push(line)
            client.once('close', () => (streams -= 1))
          }
        })
        client.pipe(gateway).pipe(client)
        client.on('error', () => gateway.destroy())
        client.on('close', () => gateway.destroy())
        gateway.on('error', () => client.destroy())
      }).listen(port, '127.0.0.1', () => resolve(server))
    })
  let server = await listen()
  const between: Wire = {
    refuse: null,
    url: `http://127.0.0.1:${port}/`,
    asked,
    streams: () => streams,
    cut: () => {
      server.close()
      sockets.forEach((socket) => socket.destroy())
      sockets.clear()
    },
    mend: async () => void (server = await listen()),
  }
  return between
}
