// What `ssh -L PORT:127.0.0.1:7717` is to programs here: another port of this machine that leads to a server elsewhere. The
// bytes go through as they are; there is no ssh in it.

import { startRelay } from './relay.ts'

export interface Tunnel {
  /** The server, as it is reached from here. */
  readonly url: string
  close(): Promise<void>
}

export async function digTunnel(server: string): Promise<Tunnel> {
  const { port } = new URL(server)
  const relay = await startRelay(Number(port))
  return { url: new URL(relay.through(`http://127.0.0.1:${port}/`)).origin, close: relay.close }
}
