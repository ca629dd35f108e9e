// Several server processes on one Postgres, each with a state directory of its own and all with one master key.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

export interface Replica {
  readonly stateDirectory: string
  readonly process: ServerProcess
  readonly url: string
  /** The token in this replica's own state directory. */
  readonly token: string
  /** A client with this token, or that of its own state directory. */
  client(token?: string): Client
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it on its state directory again, on another port. */
  restart(): Promise<Replica>
}

export interface Replicas {
  /** Starts one more; throws what it said when it refuses. */
  start(changed?: GivenSettings, ahead?: number): Promise<Replica>
  /** Starts one that may refuse. */
  launch(name: string, changed?: GivenSettings, ahead?: number): Promise<ServerProcess>
  /** Where the state directory of this name is. */
  directory(name: string): string
  close(): Promise<void>
}

/** A key nobody has. */
export const MASTER_KEY = '0123456789abcdef'.repeat(4)

/** Nothing is started yet. */
export function createReplicas(databaseUrl: string): Replicas {
  const parent = mkdtempSync(join(tmpdir(), 'claviger-replicas-'))
  const processes = new Set<ServerProcess>()
  let count = 0
  const directory = (name: string) => join(parent, name)
  const launch: Replicas['launch'] = async (name, changed = {}, ahead = 0) => {
    const stateDirectory = directory(name)
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
    const given = { stateDirectory, databaseUrl, masterKey: MASTER_KEY, port: '0', logLevel: 'info' }
    const process = await startServerProcess({ ...given, ...changed }, ahead)
    processes.add(process)
    return process
  }
  const startIn = async (name: string, changed?: GivenSettings, ahead?: number): Promise<Replica> => {
    const process = await launch(name, changed, ahead)
    if (!process.said.startsWith('url ')) throw new Error(`${process.said}\n${process.logs()}`)
    const url = process.said.slice('url '.length)
    const token = readFileSync(join(directory(name), 'admin.token'), 'utf8').trim()
    return {
      ...{ process, url, token, stateDirectory: directory(name) },
      client: (given = token) => createClient({ server: url, token: new Secret(given) }),
      kill: () => process.kill(),
      restart: () => startIn(name, changed, ahead),
    }
  }
  return {
    directory,
    launch,
    start: (changed, ahead) => {
      count += 1
      return startIn(`state-${count}`, changed, ahead)
    },
    close: async () => {
      await Promise.all([...processes].map((process) => process.kill()))
      rmSync(parent, { recursive: true, force: true })
    },
  }
}
