import { expect, it } from 'vitest'
import { linkFromHere } from './links.ts'

const TUNNEL = 'http://127.0.0.1:9999'

it.each([
  ['without a public address', TUNNEL, 'http://127.0.0.1:7717/join#code', `${TUNNEL}/join#code`],
  ['by another name of it', TUNNEL, 'http://localhost:7717/device?code=A', `${TUNNEL}/device?code=A`],
  [
    'listening everywhere',
    'http://claviger:7717',
    'http://0.0.0.0:7717/device',
    'http://claviger:7717/device',
  ],
  ['listening on all of IPv6', 'http://claviger:7717/', 'http://[::]:7717/x', 'http://claviger:7717/x'],
  [
    'with a public address',
    TUNNEL,
    'https://claviger.example.org/join#a',
    'https://claviger.example.org/join#a',
  ],
  ['that says nonsense', TUNNEL, '--version', '--version'],
])('a link of a server %s', (_, server, link, seen) => {
  expect(linkFromHere(server, link)).toBe(seen)
})
