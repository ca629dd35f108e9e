// Operations on the browsers that a person is signed in with: the one that asks, and the others.

import type { Operation } from '../../operation.ts'

export const SESSION_OPERATIONS = {
  'signIn.methods': {
    method: 'GET',
    path: '/api/v1/sign-in',
    status: 200,
    permission: 'public',
    summary: 'How people can sign in here.',
  },
  'session.create': {
    method: 'POST',
    path: '/api/v1/session',
    status: 201,
    permission: 'public',
    cookie: 'begins',
    summary: 'Sign a browser in with e-mail and password; for pages of this server.',
  },
  'session.read': {
    method: 'GET',
    path: '/api/v1/session',
    status: 200,
    permission: 'signed-in',
    summary: 'Who is signed in, and to which of their organizations.',
  },
  'session.switch': {
    method: 'POST',
    path: '/api/v1/session/organization',
    status: 200,
    permission: 'signed-in',
    summary: 'Let this browser act in another of your organizations.',
  },
  'session.end': {
    method: 'DELETE',
    path: '/api/v1/session',
    status: 200,
    permission: 'signed-in',
    cookie: 'ends',
    summary: 'Sign this browser out.',
  },
  'sessions.list': {
    method: 'GET',
    path: '/api/v1/sessions',
    status: 200,
    permission: 'signed-in',
    summary: 'The browsers you are signed in with, newest first.',
  },
  'sessions.revokeOthers': {
    method: 'DELETE',
    path: '/api/v1/sessions',
    status: 200,
    permission: 'signed-in',
    summary: 'Sign all your browsers out but the one that asks.',
  },
  'sessions.revoke': {
    method: 'DELETE',
    path: '/api/v1/sessions/{id}',
    status: 200,
    permission: 'signed-in',
    summary: 'Sign one of your browsers out.',
  },
  'password.change': {
    method: 'POST',
    path: '/api/v1/password',
    status: 200,
    permission: 'signed-in',
    cookie: 'begins',
    summary:
      'Choose a new password; signs all your browsers out but the one that asks, which gets another cookie.',
  },
} as const satisfies Record<string, Operation>
