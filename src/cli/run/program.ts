// The words and options of the verbs about runs.

import { type Command, Option } from 'commander'
import { HARNESSES } from '../../domain/harness-names.ts'
import { ACCESS } from '../../domain/runs/conversation.ts'
import { RUN_STATES } from '../../domain/runs/run.ts'
import type { Attach } from '../context.ts'

export function addRunCommands(program: Command, attach: Attach): void {
  const run = program
    .command('run')
    .description('Start a conversation with a coding agent on a worker, and look after those there are.')
    .addOption(new Option('--harness <name>', 'the agent program').choices(HARNESSES))
    .option('--prompt <text>', 'the first message; - reads it from standard input')
    .option('--credential <name>', 'this one and no other')
    .option('--team <slug>', 'draw on this team only, and let its members read along')
    .option(
      '--workspace <place>',
      'a directory of the worker, or the URL of a git repository; an empty one when absent',
    )
    .option('--ref <name>', 'of the repository: a branch, tag or commit')
    .addOption(new Option('--access <what>', 'what the agent may do in its workspace').choices(ACCESS))
    .option('--model <name>', "instead of the program's own choice")
    .option('--worker <name>', 'on this worker only')
    .option('--once <name>', 'typed again with the same name, it is the same run')
    .option('--follow', 'show what happens until the first message is answered')
  attach(run, () => import('./start.ts').then((m) => m.run))
  addLooking(run, attach)
  addSteering(run, attach)
  // A word that is none of these verbs gets words of its own (usage.ts). Verbs that come later would inherit it.
  run.allowExcessArguments()
}

function addLooking(run: Command, attach: Attach): void {
  const list = run
    .command('list')
    .description('List runs, newest first.')
    .addOption(new Option('--state <state>', 'only those in this state').choices(RUN_STATES))
    .addOption(new Option('--harness <name>', 'only of this agent program').choices(HARNESSES))
    .option('--mine', 'only my own')
    .option('--after <id>', 'go on after this one')
    .option('--limit <number>', 'at most this many')
  attach(list, () => import('./list.ts').then((m) => m.run))
  const show = run
    .command('show')
    .description('Show a run: its state, its messages, and every credential that served it.')
    .argument('<id>')
    .option('--before <number>', 'of its messages those before this one')
  attach(show, () => import('./show.ts').then((m) => m.run))
  const logs = run
    .command('logs')
    .description('Print what happened in a run.')
    .argument('<id>')
    .option('-f, --follow', 'go on until it is over')
    .option('--after <position>', 'begin after this event')
  attach(logs, () => import('./logs.ts').then((m) => m.run))
}

function addSteering(run: Command, attach: Attach): void {
  const send = run
    .command('send')
    .description('Send a message. While the agent works it waits its turn; a run that rests is woken.')
    .argument('<id>')
    .argument('[text]', 'read from standard input when absent')
    .option('--once <name>', 'sent again with the same name, it is the same message')
    .option('--follow', 'show what happens until it is answered')
  attach(send, () => import('./send.ts').then((m) => m.run))
  const steer = (name: 'hibernate' | 'wake' | 'cancel' | 'end' | 'interrupt', description: string) => {
    const command = run.command(name).description(description).argument('<id>')
    attach(command, () => import('./steer.ts').then((m) => m[name]))
  }
  steer('hibernate', 'Let a run rest: its process and its leases end, its conversation stays.')
  steer('wake', 'Go on with a run that rests or has failed; its credential is chosen anew.')
  steer('cancel', 'Stop a run for good.')
  steer('end', 'Say that a run has done its work: nothing goes on with it.')
  steer(
    'interrupt',
    'Break off the message that is being answered: it has failed, and the run waits for the next.',
  )
  const choose = run
    .command('choose')
    .description('Choose what serves a run from its next turn on; its conversation goes on.')
    .argument('<id>')
    .option('--credential <name>', 'this one and no other')
    .option('--any-credential', 'whichever comes first')
    .option('--model <name>', 'this model')
    .option('--any-model', 'no model by name')
  attach(choose, () => import('./choose.ts').then((m) => m.run))
  const remove = run
    .command('delete')
    .description('Remove a run that is over or rests, with its messages and all that was said in it.')
    .argument('<id>')
    .option('--force', 'do not ask')
  attach(remove, () => import('./delete.ts').then((m) => m.run))
}
