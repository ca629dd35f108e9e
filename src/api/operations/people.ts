// Operations on who belongs to the organization: members, teams, and the organizations of the installation.

import type { Operation } from '../operation.ts'

export const PEOPLE_OPERATIONS = {
  'members.list': {
    method: 'GET',
    path: '/api/v1/members',
    status: 200,
    permission: 'readPeople',
    summary: 'List the members with their roles and teams.',
  },
  'members.update': {
    method: 'PATCH',
    path: '/api/v1/members/{member}',
    status: 200,
    permission: 'managePeople',
    summary: 'Change the role of a member. Only an owner makes or changes an owner.',
  },
  'members.references': {
    method: 'GET',
    path: '/api/v1/members/{member}/references',
    status: 200,
    permission: 'readPeople',
    summary: 'What would end with a membership: tokens, running leases, personal credentials.',
  },
  'members.remove': {
    method: 'DELETE',
    path: '/api/v1/members/{member}',
    status: 200,
    permission: 'managePeople',
    summary: 'Remove a member: tokens are revoked, leases ended, personal credentials deleted.',
  },
  'membership.references': {
    method: 'GET',
    path: '/api/v1/membership/references',
    status: 200,
    permission: 'signed-in',
    summary: 'What would end with your own membership.',
  },
  'membership.leave': {
    method: 'DELETE',
    path: '/api/v1/membership',
    status: 200,
    permission: 'signed-in',
    summary: 'Leave the organization, as if you had been removed.',
  },
  'teams.list': {
    method: 'GET',
    path: '/api/v1/teams',
    status: 200,
    permission: 'readPeople',
    summary: 'List the teams with their members.',
  },
  'teams.create': {
    method: 'POST',
    path: '/api/v1/teams',
    status: 201,
    permission: 'managePeople',
    summary: 'Make a team.',
  },
  'teams.delete': {
    method: 'DELETE',
    path: '/api/v1/teams/{team}',
    status: 200,
    permission: 'managePeople',
    summary: 'Delete a team that owns no credentials.',
  },
  'teams.join': {
    method: 'PUT',
    path: '/api/v1/teams/{team}/members/{member}',
    status: 200,
    permission: 'managePeople',
    summary: 'Put a member into a team.',
  },
  'teams.leave': {
    method: 'DELETE',
    path: '/api/v1/teams/{team}/members/{member}',
    status: 200,
    permission: 'managePeople',
    summary: 'Take a member out of a team.',
  },
  'organizations.list': {
    method: 'GET',
    path: '/api/v1/organizations',
    status: 200,
    permission: 'operate',
    summary: 'List the organizations of the installation.',
  },
  'organizations.create': {
    method: 'POST',
    path: '/api/v1/organizations',
    status: 201,
    permission: 'operate',
    summary: 'Make an organization with its first owner. Who operates the installation sees nothing of it.',
  },
} as const satisfies Record<string, Operation>
