// Real git against a repository that asks for a password, on loopback.

import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type PrivateRepository, startPrivateRepository } from '../../../test/support/private-repository.ts'
import { Secret } from '../../domain/secret.ts'
import { type CloneAccess, handingOver } from './clone-access.ts'
import { openRunPlace } from './workspace.ts'

const TOKEN = 'fake-clone-token-0123456789'

let place = ''
let repository: PrivateRepository
let url = ''

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'claviger-access-'))
  repository = await startPrivateRepository(place, TOKEN)
  url = repository.url
  return async () => {
    repository.close()
    await rm(place, { recursive: true, force: true })
  }
})

function open(access?: { readonly url?: string; readonly token?: string }) {
  const environment = { PATH: '/usr/bin:/bin', HOME: join(place, 'home') }
  const given = { url, username: 'x-access-token', ...access, token: new Secret(access?.token ?? TOKEN) }
  return openRunPlace(
    join(place, 'runs'),
    'run_1',
    { kind: 'git', url, ref: null },
    {
      ...{ environment, timeoutMs: 20_000, directories: [] },
      ...(access !== undefined && {
        access: <T>(work: (access: CloneAccess) => Promise<T>) => work(given),
      }),
    },
  )
}

async function everythingUnder(directory: string): Promise<string> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  const texts = files
    .filter((file) => file.isFile())
    .map(async (file) => `${file.name}\n${await readFile(join(file.parentPath, file.name), 'latin1')}`)
  return (await Promise.all(texts)).join('\n')
}

describe('a private repository', () => {
  it('is cloned with a token that is nowhere afterwards', async () => {
    // What a user's git would keep, and tell on.
    await writeFile(join(place, 'home', '.gitconfig'), '[credential]\n\thelper = store\n')
    const { workspace } = await open({})
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('private')
    expect(await readFile(join(workspace, '.git', 'config'), 'utf8')).toContain(`url = ${url}`)
    expect(await everythingUnder(join(place, 'runs'))).not.toMatch(/fake-clone|askpass|credential/)
    expect(await readdir(join(place, 'home'))).toEqual(['.gitconfig'])
    expect(await readdir(join(place, 'runs', 'run_1'))).not.toContain('workspace.access')
  })

  it('is not cloned without one, and says nothing of one that is refused', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'invalid' })
    const refused = open({ token: 'fake-wrong-token' })
    await expect(refused).rejects.toThrow(/cannot be cloned/)
    await expect(refused).rejects.not.toThrow(/fake-wrong/)
    expect(await everythingUnder(join(place, 'runs'))).not.toContain('fake-wrong')
    expect(await readdir(join(place, 'runs', 'run_1'))).toEqual(['config', 'tmp'])
  })

  it('is the only one that the token is told to', async () => {
    await expect(open({ url: `${url}/other` })).rejects.toMatchObject({ code: 'forbidden' })
    repository.redirectTo = url.replace('/shop.git', '/elsewhere')
    await expect(open({})).rejects.toMatchObject({ code: 'invalid' })
    expect(repository.told).toEqual([])
  })

  it('is cloned without what lies elsewhere for it, which the token is not for', async () => {
    const attributes = join(place, 'attributes')
    await writeFile(attributes, '*.txt filter=lfs\n')
    const smudge = '\tsmudge = test \\"$GIT_LFS_SKIP_SMUDGE\\" = 1 && cat\n\trequired = true\n'
    const config = `[core]\n\tattributesFile = ${attributes}\n[filter "lfs"]\n${smudge}`
    await writeFile(join(place, 'home', '.gitconfig'), config)
    const { workspace } = await open({})
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('private')
  })

  it('is asked for nowhere else, also where this machine follows others for its address', async () => {
    let asked = 0
    const other = createServer((_, response) => {
      asked += 1
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    repository.redirectTo = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const follows = `[http "${new URL(url).origin}"]\n\tfollowRedirects = true\n`
    await writeFile(join(place, 'home', '.gitconfig'), follows)
    await expect(open({})).rejects.toMatchObject({ code: 'invalid' })
    expect(asked).toBe(0)
    other.close()
  })

  it.each(['http://git.example.test/a.git', 'https://token@git.example.test/a.git', 'file:///srv/a'])(
    'is not asked for at %s',
    async (unsafe) => {
      const access = { url: unsafe, username: 'a', token: new Secret(TOKEN) }
      await expect(handingOver(join(place, 'x'), access, async () => 1)).rejects.toMatchObject({
        code: 'invalid',
      })
    },
  )

  it('gives its helper to nobody but git that asks for it', async () => {
    const access = { url: "https://git.example.test/a'b.git", username: 'x', token: new Secret(TOKEN) }
    await handingOver(join(place, 'handover'), access, async ({ environment, words }) => {
      const ask = (prompt: string) => {
        try {
          return execFileSync(environment['GIT_ASKPASS'] ?? '', [prompt], { encoding: 'utf8' }).trim()
        } catch {
          // It has ended with 1.
          return null
        }
      }
      expect(JSON.stringify([environment, words])).not.toContain(TOKEN)
      expect(await readFile(environment['GIT_ASKPASS'] ?? '', 'utf8')).not.toContain(TOKEN)
      for (const other of ['git.example.test', "evil.test/a'b.git", "git.example.test/a'b.git/c"])
        expect(ask(`Password for 'https://x@${other}': `)).toBeNull()
      expect(ask("Username for 'https://git.example.test/a'b.git': ")).toBe('x')
      expect(ask("Password for 'https://x@git.example.test/a'b.git': ")).toBe(TOKEN)
      expect(ask("Password for 'https://x@git.example.test/a'b.git': ")).toBeNull()
    })
    expect(await readdir(place)).not.toContain('handover')
  })
})
