// Operations on who is asking: our own tokens, and whom one belongs to.

import type { Operation } from '../operation.ts'

export const TOKEN_OPERATIONS = {
  whoami: {
    method: 'GET',
    path: '/api/v1/whoami',
    status: 200,
    permission: 'signed-in',
    summary: 'Who the token belongs to.',
  },
  'tokens.create': {
    method: 'POST',
    path: '/api/v1/tokens',
    status: 201,
    permission: 'manageTokens',
    summary: 'Make an API token; it is shown this once.',
  },
  'tokens.list': {
    method: 'GET',
    path: '/api/v1/tokens',
    status: 200,
    permission: 'signed-in',
    summary: 'List API tokens: your own; all of them for those who manage or audit.',
  },
  'tokens.revoke': {
    method: 'DELETE',
    path: '/api/v1/tokens/{name}',
    status: 200,
    permission: 'manageTokens',
    summary: 'Revoke an API token by name.',
  },
} as const satisfies Record<string, Operation>
