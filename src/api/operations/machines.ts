// Operations on machine identities: agents, what is attached to them, and workers.

import type { Operation } from '../operation.ts'

export const MACHINE_OPERATIONS = {
  'agents.create': {
    method: 'POST',
    path: '/api/v1/agents',
    status: 201,
    permission: 'manageMachines',
    summary: 'Make an agent: a named identity without a person.',
  },
  'agents.list': {
    method: 'GET',
    path: '/api/v1/agents',
    status: 200,
    permission: 'readMachines',
    summary: 'List agents.',
  },
  'agents.get': {
    method: 'GET',
    path: '/api/v1/agents/{agent}',
    status: 200,
    permission: 'readMachines',
    summary: 'One agent: what it owns, what is attached to it, its tokens and workers.',
  },
  'agents.delete': {
    method: 'DELETE',
    path: '/api/v1/agents/{agent}',
    status: 200,
    permission: 'manageMachines',
    summary:
      'Delete an agent that owns no credentials. Its tokens and workers are revoked, its leases end; a later agent of the name inherits nothing.',
  },
  'agents.attach': {
    method: 'PUT',
    path: '/api/v1/agents/{agent}/credentials/{credential}',
    status: 200,
    permission: 'manageMachines',
    summary: 'Let an agent use a credential of the organization or of a team.',
  },
  'agents.detach': {
    method: 'DELETE',
    path: '/api/v1/agents/{agent}/credentials/{credential}',
    status: 200,
    permission: 'manageMachines',
    summary: 'Take an attached credential away from an agent; its running leases on it end.',
  },
  'agents.token': {
    method: 'POST',
    path: '/api/v1/agents/{agent}/tokens',
    status: 201,
    permission: 'manageMachines',
    summary:
      'Make a token for an agent; it is shown this once. It draws on what the agent owns and what is attached.',
  },
  'workers.enrol': {
    method: 'POST',
    path: '/api/v1/workers',
    status: 201,
    permission: 'manageMachines',
    summary: 'Expect a worker: makes the code that enrols one machine, once. The code is shown this once.',
  },
  'workers.list': {
    method: 'GET',
    path: '/api/v1/workers',
    status: 200,
    permission: 'readMachines',
    summary: 'List workers, those that are expected and those that were revoked too.',
  },
  'workers.revoke': {
    method: 'DELETE',
    path: '/api/v1/workers/{name}',
    status: 200,
    permission: 'manageMachines',
    summary: 'Revoke a worker by name: its code, its tokens and its leases.',
  },
  'workers.join': {
    method: 'POST',
    path: '/api/v1/workers/join',
    status: 201,
    permission: 'public',
    summary: 'Become the worker that a code is for; answers with its token. Each code works once.',
  },
} as const satisfies Record<string, Operation>
