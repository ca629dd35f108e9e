// Operations on channels: the connections of an organization to the places where people ask for work.

import type { Operation } from '../../operation.ts'

export const CHANNEL_OPERATIONS = {
  'channels.create': {
    method: 'POST',
    path: '/api/v1/channels',
    status: 201,
    permission: 'manageSettings',
    summary: 'Add a channel: who is mentioned there starts runs for those whose account it is.',
  },
  'channels.list': {
    method: 'GET',
    path: '/api/v1/channels',
    status: 200,
    permission: 'readSettings',
    summary: 'List the channels of the organization, and what a channel of each platform is configured with.',
  },
  'channels.get': {
    method: 'GET',
    path: '/api/v1/channels/{id}',
    status: 200,
    permission: 'manageSettings',
    summary: 'One channel, by name or id, and what became of what was delivered to it last.',
  },
  'channels.update': {
    method: 'PATCH',
    path: '/api/v1/channels/{id}',
    status: 200,
    permission: 'manageSettings',
    summary: 'Change a channel. What is left out stays; settings and secrets are each given whole.',
  },
  'channels.remove': {
    method: 'DELETE',
    path: '/api/v1/channels/{id}',
    status: 200,
    permission: 'manageSettings',
    summary: 'Remove a channel. Its runs stay, and are told of no more.',
  },
  'channels.test': {
    method: 'POST',
    path: '/api/v1/channels/{id}/test',
    status: 200,
    permission: 'manageSettings',
    summary: 'Ask the platform who the channel is over there, with its secrets.',
  },
} as const satisfies Record<string, Operation>
