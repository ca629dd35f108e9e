// Operations on sign-ins at a provider, which make credentials of their own or give one a new login.

import type { Operation } from '../operation.ts'

export const LOGIN_OPERATIONS = {
  'logins.start': {
    method: 'POST',
    path: '/api/v1/logins',
    status: 201,
    permission: 'credential:manage',
    summary:
      'Begin to sign in at a provider: a link, or a code for another device. Good for ten minutes, and once.',
  },
  'loginLinks.create': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/login-links',
    status: 201,
    permission: 'credential:manage',
    summary:
      'Make a link with which one person signs in again for this credential, once. It is shown this once, and lets nobody in: they are signed in here as themselves.',
  },
  'loginLinks.describe': {
    method: 'POST',
    path: '/api/v1/login-links/describe',
    status: 200,
    permission: 'signed-in',
    summary: 'What a link that you were sent is for. It is used up by `logins.start`.',
  },
  'logins.get': {
    method: 'GET',
    path: '/api/v1/logins/{id}',
    status: 200,
    permission: 'manageLogins',
    summary:
      'What has become of a sign-in of your own. By device: the provider is asked, as often as it wants to be.',
  },
  'logins.complete': {
    method: 'POST',
    path: '/api/v1/logins/{id}/complete',
    status: 200,
    permission: 'manageLogins',
    summary:
      'Hand in what the page of the link led to: a bare code, `code#state`, a query string or the whole address. A wrong one ends nothing.',
  },
  'logins.cancel': {
    method: 'DELETE',
    path: '/api/v1/logins/{id}',
    status: 200,
    permission: 'manageLogins',
    summary: 'End a sign-in of your own that is under way.',
  },
  'logins.import': {
    method: 'POST',
    path: '/api/v1/logins/import',
    status: 201,
    permission: 'credential:manage',
    summary:
      'Take over the login in a file of codex or claude. It is renewed at once, so that the copy in the file is dead.',
  },
} as const satisfies Record<string, Operation>
