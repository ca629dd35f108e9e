// For tests: a git repository on loopback that asks for a password, and knows whom it was told to.

import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface PrivateRepository {
  readonly url: string
  /** Paths that were asked for with a password. */
  readonly told: string[]
  /** Everybody is sent there. */
  redirectTo: string | null
  close(): void
}

/**
 * With one file, `story.txt`; in `place`, whose `home` is for whoever clones it. Whoever has a token that `knows` says is one
 * gets it.
 */
export async function startPrivateRepository(
  place: string,
  knows: string | ((token: string) => boolean),
): Promise<PrivateRepository> {
  makeRepository(place, await withStory(place))
  await mkdir(join(place, 'home'))
  const told: string[] = []
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '', 'http://localhost').pathname
    const basic = request.headers.authorization?.replace(/^Basic /, '') ?? ''
    const [, token = ''] = /^x-access-token:(.+)$/.exec(Buffer.from(basic, 'base64').toString()) ?? []
    if (request.headers.authorization !== undefined) told.push(path)
    if (made.redirectTo !== null)
      return response.writeHead(302, { location: `${made.redirectTo}${path}` }).end()
    if (!(typeof knows === 'string' ? token === knows : knows(token)))
      return response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    const bytes = await readFile(join(place, path)).catch(() => null)
    return bytes === null ? response.writeHead(404).end() : response.end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const made: PrivateRepository = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/shop.git`,
    ...{ told, redirectTo: null },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return made
}

async function withStory(place: string): Promise<string> {
  const work = join(place, 'work')
  await mkdir(work)
  await writeFile(join(work, 'story.txt'), 'private')
  return work
}

function makeRepository(place: string, work: string): void {
  const git = (cwd: string, ...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com', ...words], {
      ...{ cwd, env: { PATH: '/usr/bin:/bin', HOME: place } },
    })
  git(work, 'init', '--quiet', '--initial-branch=main')
  git(work, 'add', '.')
  git(work, 'commit', '--quiet', '-m', 'first')
  git(work, 'clone', '--quiet', '--bare', '.', join(place, 'shop.git'))
  // So that files are all there is to serve.
  git(join(place, 'shop.git'), 'update-server-info')
}
