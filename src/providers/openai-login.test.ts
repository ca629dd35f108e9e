// What a refusal to renew is, and what is only something in between.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { openAiRenewer } from './openai-login.ts'

async function answered(status: number, body: string) {
  const server = createServer((_, response) => void response.writeHead(status).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const renewer = openAiRenewer({ issuer: `http://127.0.0.1:${port}` })
    return await renewer.renew('codex/oauth', { refresh: new Secret('rt-test-1') }, { timeoutMs: 5_000 })
  } finally {
    server.close()
  }
}

it.each([
  [401, '{"error":{"code":"refresh_token_reused"}}', { kind: 'refused', reason: 'reused' }],
  [401, '{"error":"something new"}', { kind: 'refused', reason: 'refused' }],
  [400, '{"error":"invalid_grant"}', { kind: 'refused', reason: 'refused' }],
  [401, '<html>Sign in to the network</html>', { kind: 'failed', doubtful: false }],
  [401, '', { kind: 'failed', doubtful: false }],
  [422, '{"error":"something new"}', { kind: 'failed', isOwn: true }],
  [429, '{"error":"slow down"}', { kind: 'failed', isOwn: false }],
  [403, '<html>Blocked</html>', { kind: 'failed', isOwn: false }],
  [503, '{"error":"later"}', { kind: 'failed', doubtful: true, isOwn: false }],
  [407, '<html>Sign in to the network</html>', { kind: 'failed', doubtful: false }],
])('an answer of %i %s', async (status, body, meaning) => {
  expect(await answered(status, body)).toMatchObject(meaning)
})
