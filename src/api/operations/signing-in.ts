// Operations that let people and terminals in: invitations, sign-in links, and device authorization (RFC 8628).

import type { Operation } from '../operation.ts'

export const SIGNING_IN_OPERATIONS = {
  'invitations.create': {
    method: 'POST',
    path: '/api/v1/invitations',
    status: 201,
    permission: 'managePeople',
    summary: 'Invite somebody by a link that works once; it is shown this once.',
  },
  'invitations.list': {
    method: 'GET',
    path: '/api/v1/invitations',
    status: 200,
    permission: 'readPeople',
    summary: 'List the invitations and sign-in links that can still be used, without their codes.',
  },
  'invitations.revoke': {
    method: 'DELETE',
    path: '/api/v1/invitations/{id}',
    status: 200,
    permission: 'managePeople',
    summary: 'Make an invitation or a sign-in link unusable.',
  },
  'members.link': {
    method: 'POST',
    path: '/api/v1/members/link',
    status: 201,
    permission: 'managePeople',
    summary: 'Make a link with which a member can set a new password, once; it is shown this once.',
  },
  'invitations.describe': {
    method: 'POST',
    path: '/api/v1/invitations/describe',
    status: 200,
    permission: 'public',
    summary: 'What a code is for. It is not used up.',
  },
  'invitations.accept': {
    method: 'POST',
    path: '/api/v1/invitations/accept',
    status: 200,
    permission: 'public',
    cookie: 'begins',
    summary:
      'Use a code: become a member, or set a new password; with a token for the terminal, or a sign-in for the browser, that asks.',
  },
  'device.start': {
    method: 'POST',
    path: '/api/v1/device/start',
    status: 201,
    permission: 'public',
    summary: 'Begin to sign a terminal in (RFC 8628).',
  },
  'device.poll': {
    method: 'POST',
    path: '/api/v1/device/poll',
    status: 200,
    permission: 'public',
    summary: 'Ask whether the terminal was let in. The token is made, and shown, the first time it was.',
  },
  'device.describe': {
    method: 'POST',
    path: '/api/v1/device/describe',
    status: 200,
    permission: 'public',
    summary: 'Which terminal waits under a code that a person types.',
  },
  'device.signIn': {
    method: 'POST',
    path: '/api/v1/device/sign-in',
    status: 200,
    permission: 'public',
    summary: 'Let a terminal in, or turn it away, with e-mail and password.',
  },
  'device.approve': {
    method: 'POST',
    path: '/api/v1/device/approve',
    status: 200,
    permission: 'manageTokens',
    summary: 'Let a terminal in as the person who asks.',
  },
  'device.deny': {
    method: 'POST',
    path: '/api/v1/device/deny',
    status: 200,
    permission: 'manageTokens',
    summary: 'Turn a terminal away.',
  },
} as const satisfies Record<string, Operation>
