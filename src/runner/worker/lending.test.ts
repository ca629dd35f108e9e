import { describe, expect, it, vi } from 'vitest'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { lendingAccess } from './lending.ts'

const RUN = { id: 'run_1', claim: 'c1' }
const { signal } = new AbortController()
const ACCESS = { url: 'https://git.example.test/a.git', username: 'x', token: new Secret('fake-clone-token') }

/** `answers`: what comes of the tries to end it. */
function serverWith(...answers: (Promise<void> | ClavigerError)[]) {
  const ended: string[] = []
  return {
    ended,
    cloneAccess: async () => ACCESS,
    async endCloneAccess({ id }: { readonly id: string }, { token }: typeof ACCESS) {
      ended.push(`${id} ${token.expose()}`)
      const answer = answers.shift()
      if (answer instanceof ClavigerError) throw answer
      await answer
    },
  }
}

describe('a token for a clone', () => {
  it('is ended when the work is over, also when that has failed', async () => {
    const server = serverWith()
    expect(await lendingAccess(server, RUN, signal, async ({ username }) => username)).toBe('x')
    expect(server.ended).toEqual(['run_1 fake-clone-token'])
    const failing = lendingAccess(server, RUN, signal, () => Promise.reject(new Error('no such branch')))
    await expect(failing).rejects.toThrow('no such branch')
    expect(server.ended).toHaveLength(2)
  })

  it('holds up nothing while its platform is slow, and is tried again when that is away', async () => {
    expect(await lendingAccess(serverWith(new Promise(() => undefined)), RUN, signal, async () => 1)).toBe(1)
    const away = serverWith(new ClavigerError('unavailable', 'It is away.'))
    expect(await lendingAccess(away, RUN, signal, async () => 2)).toBe(2)
    await vi.waitFor(() => expect(away.ended).toHaveLength(2), { timeout: 5_000 })
  })

  it('is left to end by itself where the server does not know of it', async () => {
    const server = serverWith(new ClavigerError('not_found', 'There is no such run.'))
    expect(await lendingAccess(server, RUN, signal, async () => 3)).toBe(3)
    await new Promise((resolve) => setImmediate(resolve))
    expect(server.ended).toHaveLength(1)
  })
})
