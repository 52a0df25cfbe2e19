/** Just enough MQTT 3.1.1 to say what no real station would: CONNECT and PUBLISH with QoS 1. */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

const text = (value: string) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)])

function packet(kind: number, body: Buffer): Buffer {
  const length: number[] = []
  for (let left = body.length; left > 0 || length.length === 0; left >>= 7) length.push((left & 127) | (left > 127 ? 128 : 0))
  return Buffer.concat([Buffer.from([kind, ...length]), body])
}

export class Mqtt {
  #id = 0
  private constructor(private readonly socket: Socket) {}

  static async connect(port: number, client: string): Promise<Mqtt> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 2, 255, 255]), text(client)])))
    await once(socket, 'data')
    return new Mqtt(socket)
  }

  async publish(topic: string, payload: unknown, retain = false): Promise<void> {
    this.#id += 1
    const body = Buffer.concat([text(topic), Buffer.from([this.#id >> 8, this.#id & 255]), Buffer.from(JSON.stringify(payload))])
    this.socket.write(packet(retain ? 0x33 : 0x32, body))
    await once(this.socket, 'data')
  }

  close(): void {
    this.socket.destroy()
  }
}
