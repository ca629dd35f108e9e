// Operations on what is a person's own beside their credentials: what they prefer, and what they show beside their
// password.

import type { Operation } from '../../operation.ts'

export const ACCOUNT_OPERATIONS = {
  'signIn.start': {
    method: 'POST',
    path: '/api/v1/sign-in/{provider}',
    status: 200,
    permission: 'public',
    cookie: 'begins',
    summary: 'Begin to sign in with an account elsewhere: where the browser is to go.',
  },
  'accounts.list': {
    method: 'GET',
    path: '/api/v1/accounts',
    status: 200,
    permission: 'signed-in',
    summary: 'Your accounts elsewhere that are linked here, and what can be linked.',
  },
  'accounts.link': {
    method: 'POST',
    path: '/api/v1/accounts/{provider}',
    status: 200,
    permission: 'signed-in',
    cookie: 'begins',
    summary: 'Begin to link an account of yours elsewhere: where the browser is to go.',
  },
  'accounts.unlink': {
    method: 'DELETE',
    path: '/api/v1/accounts/{id}',
    status: 200,
    permission: 'signed-in',
    summary: 'Link an account of yours no more; not the only way in.',
  },
  'secondFactor.read': {
    method: 'GET',
    path: '/api/v1/second-factor',
    status: 200,
    permission: 'signed-in',
    summary: 'Whether your password asks for a code beside it.',
  },
  'secondFactor.begin': {
    method: 'POST',
    path: '/api/v1/second-factor',
    status: 201,
    permission: 'signed-in',
    summary: 'Begin to set up an authenticator app; what it is given is shown this once.',
  },
  'secondFactor.enable': {
    method: 'POST',
    path: '/api/v1/second-factor/enable',
    status: 200,
    permission: 'signed-in',
    cookie: 'begins',
    summary: 'Show that the app has it: from now on a code is asked for. Recovery codes are shown this once.',
  },
  'secondFactor.disable': {
    method: 'POST',
    path: '/api/v1/second-factor/disable',
    status: 200,
    permission: 'signed-in',
    summary: 'Ask for no code any more.',
  },
  'secondFactor.recoveryCodes': {
    method: 'POST',
    path: '/api/v1/second-factor/recovery-codes',
    status: 200,
    permission: 'signed-in',
    summary: 'Make new recovery codes in the place of the old ones; they are shown this once.',
  },
  'members.resetSecondFactor': {
    method: 'DELETE',
    path: '/api/v1/members/{member}/second-factor',
    status: 200,
    permission: 'managePeople',
    summary: 'Ask a member who has lost their app for no code any more.',
  },
  'preferences.get': {
    method: 'GET',
    path: '/api/v1/preferences',
    status: 200,
    permission: 'signed-in',
    summary: 'What your runs use when you do not say: the harness, and the model of each.',
  },
  'preferences.set': {
    method: 'PATCH',
    path: '/api/v1/preferences',
    status: 200,
    permission: 'signed-in',
    summary: 'Choose what your runs use when you do not say. What is left out stays; null: no preference.',
  },
} as const satisfies Record<string, Operation>
