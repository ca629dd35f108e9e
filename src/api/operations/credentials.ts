// Operations on stored credentials.

import type { Operation } from '../operation.ts'

export const CREDENTIAL_OPERATIONS = {
  'credentials.create': {
    method: 'POST',
    path: '/api/v1/credentials',
    status: 201,
    permission: 'credential:manage',
    summary: 'Store a credential.',
  },
  'credentials.list': {
    method: 'GET',
    path: '/api/v1/credentials',
    status: 200,
    permission: 'signed-in',
    summary: 'List credentials. Values are never returned.',
  },
  'credentials.getOrder': {
    method: 'GET',
    path: '/api/v1/credentials/order',
    status: 200,
    permission: 'credential:describe',
    summary: "Get the order an owner has set for a harness's credentials.",
  },
  'credentials.setOrder': {
    method: 'PUT',
    path: '/api/v1/credentials/order',
    status: 200,
    permission: 'credential:manage',
    summary: "Set the order of an owner's credentials for a harness; an empty list clears it.",
  },
  'credentials.get': {
    method: 'GET',
    path: '/api/v1/credentials/{id}',
    status: 200,
    permission: 'credential:describe',
    summary: 'Get one credential.',
  },
  'credentials.update': {
    method: 'PATCH',
    path: '/api/v1/credentials/{id}',
    status: 200,
    permission: 'credential:manage',
    summary: 'Change the description, or values field by field; fields not named keep theirs.',
  },
  'credentials.rename': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/rename',
    status: 200,
    permission: 'credential:manage',
    summary: 'Give a credential another name.',
  },
  'credentials.move': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/move',
    status: 200,
    permission: 'credential:manage',
    summary: 'Give a credential to another owner.',
  },
  'credentials.test': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/test',
    status: 200,
    permission: 'credential:manage',
    summary: 'Ask the provider whether the credential works. A passed test clears `rejected`.',
  },
  'credentials.versions': {
    method: 'GET',
    path: '/api/v1/credentials/{id}/versions',
    status: 200,
    permission: 'credential:describe',
    summary: 'List the versions of a credential, newest first.',
  },
  'credentials.renewals': {
    method: 'GET',
    path: '/api/v1/credentials/{id}/renewals',
    status: 200,
    permission: 'credential:describe',
    summary: 'How a login was kept alive lately: each sign-in and each try to renew it, newest first.',
  },
  'credentials.usage': {
    method: 'GET',
    path: '/api/v1/credentials/{id}/usage',
    status: 200,
    permission: 'credential:describe',
    summary: 'What runs have used of a credential, day by day, and which runs.',
  },
  'credentials.rollback': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/rollback',
    status: 200,
    permission: 'credential:manage',
    summary: 'Make the value of an older version current again, as a new version.',
  },
  'credentials.references': {
    method: 'GET',
    path: '/api/v1/credentials/{id}/references',
    status: 200,
    permission: 'credential:describe',
    summary: 'What refers to a credential and is cleared when it is deleted.',
  },
  'credentials.handOver': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/hand-over',
    status: 200,
    permission: 'credential:take',
    summary:
      'Hand out a personal credential of your own whole, with its refresh token, to a holder that keeps it from now on. It is not used or renewed here any more. Repeated for the same holder, it answers the same.',
  },
  'credentials.handedOver': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/handed-over',
    status: 200,
    permission: 'credential:take',
    summary: 'Say that what was handed out has arrived: it is deleted here.',
  },
  'credentials.keep': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/keep',
    status: 200,
    permission: 'credential:take',
    summary:
      'Say that what was handed out was not taken in by its holder: it is used and renewed here again.',
  },
  'credentials.receive': {
    method: 'POST',
    path: '/api/v1/credentials/receive',
    status: 201,
    permission: 'credential:manage',
    summary:
      'Take in a credential that another holder has handed out whole. A login is renewed at once, so that every copy of it is dead. Repeated, it answers the same.',
  },
  'credentials.delete': {
    method: 'DELETE',
    path: '/api/v1/credentials/{id}',
    status: 200,
    permission: 'credential:manage',
    summary: 'Delete a credential with all its versions. It cannot be undone.',
  },
} as const satisfies Record<string, Operation>
