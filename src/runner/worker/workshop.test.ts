// How a claimed run gets its place on a machine: over a server in memory, real git and the stand-in program.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { newProcess } from '../../../test/support/carrying.ts'
import { memoryRunServer } from '../../../test/support/memory-run-server.ts'
import { type PrivateRepository, startPrivateRepository } from '../../../test/support/private-repository.ts'
import { standInHarness } from '../../../test/support/stand-in-harness.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { claude } from '../../harnesses/claude.ts'
import type { ClaimedRun, RunServer } from './run-server.ts'
import { carryOutHere } from './workshop.ts'

const TOKEN = 'fake-clone-token'

let root = ''
let repository: PrivateRepository

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-workshop-'))
  repository = await startPrivateRepository(root, TOKEN)
  return async () => {
    repository.close()
    await rm(root, { recursive: true, force: true })
  }
})

/** What lies in its workspace when the program could begin, or why it cannot. */
async function carried(changed: Partial<ClaimedRun>, over: Partial<RunServer> = {}): Promise<string> {
  const memory = memoryRunServer()
  const kept = memory.begin('say one')
  const sought = {
    ...{ version: '1.0.0', programs: [], harnesses: ['claude' as const], capacity: 1, directories: [] },
    ...{ holding: [], waitSeconds: 1, ...newProcess(), asked: 1 },
  }
  const [run] = await memory.server.claim(sought, new AbortController().signal)
  if (run === undefined) throw new Error('there is nothing to do')
  const one = carryOutHere(
    {
      ...{ server: { ...memory.server, ...over }, harnesses: new Map([['claude', standInHarness(claude)]]) },
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: join(root, 'home') },
      ...{ stateDirectory: join(root, 'state'), programs: { claude: process.execPath }, directories: [root] },
      ...{ allowHttp: true, allowAmbient: true, silenceMs: 10_000, pinned: {} },
    },
    { ...run, ...changed },
  )
  try {
    const story = join(root, 'state', 'conversations', run.id, 'workspace', 'story.txt')
    return await vi.waitFor(
      async () => {
        if (kept.run.state === 'failed') return kept.run.reason
        return readFile(story, 'utf8')
      },
      { timeout: 20_000, interval: 50 },
    )
  } finally {
    await one.leave()
  }
}

describe('a clone of a channel', () => {
  it('waits for the server when that is away between the claim and the clone', async () => {
    const answers = [
      new ClavigerError('unreachable', 'It is away.'),
      new ClavigerError('unavailable', 'It starts.'),
    ]
    const cloneAccess = async () => {
      const error = answers.shift()
      if (error !== undefined) throw error
      return { url: repository.url, username: 'x-access-token', token: new Secret(TOKEN) }
    }
    const workspace = { kind: 'git', url: repository.url, ref: null } as const
    expect(await carried({ workspace, cloneAccess: true }, { cloneAccess })).toBe('private')
    expect(answers).toEqual([])
  })

  it('ends with what the server says for good', async () => {
    const cloneAccess = () => Promise.reject(new ClavigerError('not_found', 'It is gone.'))
    const workspace = { kind: 'git', url: repository.url, ref: null } as const
    expect(await carried({ workspace, cloneAccess: true }, { cloneAccess })).toContain('It is gone.')
  })

  it.each([
    ['strangers', 'skipped'],
    ['channel', 'skipped'],
    ['here', 'fetched'],
  ] as const)('has large files that lie elsewhere only for runs of %s: %s', async (origin, what) => {
    const attributes = join(root, 'attributes')
    await writeFile(attributes, '*.txt filter=lfs\n')
    const smudge = '\tsmudge = test \\"$GIT_LFS_SKIP_SMUDGE\\" = 1 && echo skipped || echo fetched\n'
    const config = `[core]\n\tattributesFile = ${attributes}\n[filter "lfs"]\n${smudge}`
    await writeFile(join(root, 'home', '.gitconfig'), config)
    const workspace = { kind: 'git', url: `file://${join(root, 'shop.git')}`, ref: null } as const
    expect((await carried({ workspace, origin })).trim()).toBe(what)
  })
})
