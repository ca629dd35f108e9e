import { describe, expect, it } from 'vitest'
import { checkWorkspace, directoryOf, withoutPassword } from './workspace.ts'

const refusalOf = (url: string): string | null => {
  try {
    checkWorkspace({ kind: 'git', url, ref: null })
    return null
  } catch (error) {
    return String((error as Error).message)
  }
}

describe('the URL of a repository', () => {
  it.each([
    'https://github.com/acme/shop.git',
    'https://git.example.test:8443/~ada/shop',
    'http://[::1]:3000/acme/shop.git',
    'https://bücher.example/acme/shop@2.git',
    'ssh://git@github.com/acme/shop.git',
    'ssh://git@git.example.test:2222/acme/shop.git',
    'git@github.com:acme/shop.git',
    'git://git.example.test/acme/shop.git',
    'file:///srv/checkouts/shop',
  ])('may be %s', (url) => {
    expect(refusalOf(url)).toBeNull()
  })

  it.each([
    'https://ada:word@github.com/acme/shop.git',
    'https://ghp_0123456789abcdefghij@github.com/acme/shop.git',
    'https://0123456789abcdef0123456789abcdef01234567@github.com/acme/shop.git',
    'https://x-access-token@github.com/acme/shop.git',
    'https://ada@github.com/acme/shop.git',
    'HTTPS://ada@github.com/acme/shop.git',
    'https://ada%40word@github.com/acme/shop.git',
    'https://@github.com/acme/shop.git',
    'https://git.example.test/acme/shop.git?private_token=abcdefabcdef',
    'https://git.example.test/acme/shop.git?x=abcdefabcdef',
    'https://git.example.test/acme/shop.git#abcdefabcdef',
    'https://git.example.test/glpat-0123456789abcdefghij/shop.git',
    'https://git.example.test/%67lpat-0123456789abcdefghij/shop.git',
    'https://git.example.test/%E0%A4%A/shop.git',
    'ssh://git:word@github.com/acme/shop.git',
    'ssh://github_pat_0123456789abcdefghij@github.com/acme/shop.git',
    'ghp_0123456789abcdefghij@github.com:acme/shop.git',
    'git://ada:word@git.example.test/acme/shop.git',
  ])('holds no secret: %s', (url) => {
    expect(refusalOf(url)).toBe('There may be a secret in the URL of the repository.')
  })

  it.each([
    'file:///srv/checkouts/%2e%2e/private',
    'file:///srv/checkouts/..%2fprivate',
    'file:///srv/checkouts/x%00y',
    'file:///srv/checkouts/../private',
    'file://elsewhere/srv/checkouts',
  ])('does not say a directory as %s', (url) => {
    expect(refusalOf(url)).toMatch(
      /^(A directory is named by its whole path|The directory in a file:\/\/ URL)/,
    )
  })

  it('says which directory it is, if it is one', () => {
    expect(directoryOf({ kind: 'git', url: 'file:///srv/checkouts/shop', ref: null })).toBe(
      '/srv/checkouts/shop',
    )
    expect(directoryOf({ kind: 'git', url: 'https://github.com/acme/shop', ref: null })).toBeNull()
  })

  it.each([
    ['https://ghp_0123456789abcdefghij@github.com/a/b.git', 'https://github.com/a/b.git'],
    ['https://ada:w@rd@github.com/a/b.git?token=x#y', 'https://github.com/a/b.git'],
    ['ssh://git:word@github.com/a/b.git', 'ssh://git@github.com/a/b.git'],
    ['ssh://git@github.com/a/b.git', 'ssh://git@github.com/a/b.git'],
    ['git@github.com:a/b.git', 'git@github.com:a/b.git'],
    ['https://github.com/a/b@2.git', 'https://github.com/a/b@2.git'],
  ])('is shown without what might be one: %s', (url, shown) => {
    expect(withoutPassword(url)).toBe(shown)
  })
})
