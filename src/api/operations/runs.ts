// Operations on runs: for people and programs that want one, and for workers that carry them out.

import type { Operation } from '../operation.ts'

export const RUN_OPERATIONS = {
  'runs.create': {
    method: 'POST',
    path: '/api/v1/runs',
    status: 201,
    permission: 'startRuns',
    summary:
      'Start a conversation with a harness. A worker claims it, and resolves its credential for the caller.',
  },
  'runs.list': {
    method: 'GET',
    path: '/api/v1/runs',
    status: 200,
    permission: 'readRuns',
    summary: 'Runs the caller may read, newest first.',
  },
  'runs.read': {
    method: 'GET',
    path: '/api/v1/runs/{id}',
    status: 200,
    permission: 'readRuns',
    summary:
      'One run: its state, messages, usage, and the credentials that served it, each switch with its reason.',
  },
  'runs.send': {
    method: 'POST',
    path: '/api/v1/runs/{id}/messages',
    status: 200,
    permission: 'startRuns',
    summary: 'Queue a message. The same id a second time changes nothing. A run that rests is woken.',
  },
  'runs.events': {
    method: 'GET',
    path: '/api/v1/runs/{id}/events',
    status: 200,
    permission: 'followRuns',
    answers: 'text/event-stream',
    summary:
      'What happens in a run, as Server-Sent Events; goes on after Last-Event-ID without gap or repeat.',
  },
  'runs.hibernate': {
    method: 'POST',
    path: '/api/v1/runs/{id}/hibernate',
    status: 200,
    permission: 'startRuns',
    summary: 'End the process of a run and its leases; its session stays.',
  },
  'runs.wake': {
    method: 'POST',
    path: '/api/v1/runs/{id}/wake',
    status: 200,
    permission: 'startRuns',
    summary: 'Go on with a run that hibernates or has failed. Its credential is resolved anew.',
  },
  'runs.cancel': {
    method: 'POST',
    path: '/api/v1/runs/{id}/cancel',
    status: 200,
    permission: 'startRuns',
    summary: 'Stop a run for good; admins may stop all.',
  },
  'runs.end': {
    method: 'POST',
    path: '/api/v1/runs/{id}/end',
    status: 200,
    permission: 'startRuns',
    summary: 'A run has done its work: it ends, and nothing goes on with it.',
  },
  'runs.choose': {
    method: 'POST',
    path: '/api/v1/runs/{id}/choice',
    status: 200,
    permission: 'startRuns',
    summary:
      'Choose what serves a run from its next turn on: a credential, without fallback, or a model. Its conversation goes on.',
  },
  'runs.interrupt': {
    method: 'POST',
    path: '/api/v1/runs/{id}/interrupt',
    status: 200,
    permission: 'startRuns',
    summary:
      'Break off a message: it has failed, and the run waits for the next. One that is answered stays so.',
  },
  'runs.delete': {
    method: 'DELETE',
    path: '/api/v1/runs/{id}',
    status: 200,
    permission: 'startRuns',
    summary:
      'Remove a run that no worker has, with its messages and all that was said. The audit log keeps that it was.',
  },
  'runs.claim': {
    method: 'POST',
    path: '/api/v1/runs/claim',
    status: 200,
    permission: 'carryOutRuns',
    summary:
      'For workers: take runs, as soon as there are some. Each is given to one, under a claim of its own.',
  },
  'runs.heartbeat': {
    method: 'POST',
    path: '/api/v1/runs/heartbeat',
    status: 200,
    permission: 'carryOutRuns',
    summary:
      'For workers: these claims are alive. Answers as soon as there is something new for one of them.',
  },
  'runs.report': {
    method: 'POST',
    path: '/api/v1/runs/{id}/report',
    status: 200,
    permission: 'carryOutRuns',
    summary: 'For workers: what has happened in a run, numbered; what was reported before is passed over.',
  },
  'runs.repository': {
    method: 'POST',
    path: '/api/v1/runs/{id}/repository',
    status: 200,
    permission: 'carryOutRuns',
    summary:
      'For workers: what the private repository of a claimed run is cloned with. It reads that one only, and not for long.',
  },
  'runs.cloned': {
    method: 'POST',
    path: '/api/v1/runs/{id}/cloned',
    status: 200,
    permission: 'carryOutRuns',
    summary:
      'For workers: the clone is over, and what it was cloned with is to end. Whoever has it may say so.',
  },
  'runs.places': {
    method: 'POST',
    path: '/api/v1/runs/places',
    status: 200,
    permission: 'carryOutRuns',
    summary: 'For workers: which of these runs, whose places are on its machine, are over for good.',
  },
} as const satisfies Record<string, Operation>
