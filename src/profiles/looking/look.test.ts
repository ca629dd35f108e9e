// What the doctor sees beside what its script shows: whoever is at the files, and what killed processes have left.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fuseMount } from '../../../test/support/fuse-mount.ts'
import { canMount } from '../../../test/support/mounting.ts'
import { codexLogin, placeWith, textOf, useStateDirectory } from '../../../test/support/profile-files.ts'
import { placeOf } from '../place.ts'
import { takeSlot } from '../processes/slots.ts'
import { takeTurn } from '../processes/turn.ts'
import { lookAtFolders } from './look.ts'

const stateDirectory = useStateDirectory()

const main = () => placeOf(stateDirectory(), 'main')
const put = (profiles: object) => placeWith(stateDirectory(), textOf({ version: 1, profiles }))
const seen = async () =>
  (await lookAtFolders(stateDirectory())).flatMap((one) =>
    one.seen.map(({ level, said }) => `${level} ${said}`),
  )

it('says who is at the files, and that a program uses them', async () => {
  put({})
  const slot = takeSlot(main().renewals)
  writeFileSync(slot.journal, '')
  expect(await seen()).toEqual([`ok ${main().profiles}, 0 of its own, yours only; a program is using it`])
  slot.release()
  const script = `const { takeTurn } = await import(${JSON.stringify(join(import.meta.dirname, '../processes/turn.ts'))})
    await takeTurn(JSON.parse(process.argv[1])); process.stdout.write('has it'); setTimeout(() => undefined, 60_000)`
  const other = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(main())])
  await once(other.stdout, 'data')
  other.kill('SIGSTOP')
  const [one] = await lookAtFolders(stateDirectory())
  other.kill('SIGKILL')
  expect(one).toMatchObject({
    isUsable: true,
    seen: [
      {
        level: 'warn',
        said: expect.stringContaining(`Process ${other.pid} has been at the profiles`),
        hint: expect.stringContaining(`kill -CONT ${other.pid}`),
      },
    ],
  })
})

it('says what killed processes have left, and leaves it', async () => {
  put({})
  mkdirSync(main().renewals)
  writeFileSync(main().pending, '{"parts":[]}', { mode: 0o600 })
  writeFileSync(join(main().directory, '.auth-profiles.json.1.tmp'), '', { mode: 0o600 })
  writeFileSync(join(main().renewals, '0.journal.unreadable-1'), '', { mode: 0o600 })
  const before = await seen()
  expect(before).toEqual([
    'warn a change was begun and not ended; it is gone on with.',
    'warn a part of a file was left (.auth-profiles.json.1.tmp).',
    `warn the end of a journal could not be read, and was put aside: ${join(main().renewals, '0.journal.unreadable-1')}`,
  ])
  expect(await seen()).toEqual(before)
})

it('finds one login in two agents that do not read each other', async () => {
  const file = (...names: string[]) =>
    textOf({ version: 1, profiles: Object.fromEntries(names.map((one) => [one, codexLogin('1')])) })
  placeWith(stateDirectory(), file('openai-codex:a'), 'one')
  placeWith(stateDirectory(), file('openai-codex:b', 'openai-codex:c'), 'two')
  expect((await seen()).filter((one) => one.startsWith('fail'))).toEqual([
    'fail the login of openai-codex:b is in the agent one too, as openai-codex:a, and neither reads the other: whichever is renewed first ends the other.',
  ])
})

it('says nothing of one login in the file of the main agent and elsewhere: one of them serves', async () => {
  put({ 'openai-codex:a': codexLogin('1'), 'openai-codex:b': codexLogin('1') })
  for (const agent of ['one', 'two'])
    placeWith(
      stateDirectory(),
      textOf({ version: 1, profiles: { 'openai-codex:c': codexLogin('1') } }),
      agent,
    )
  expect((await seen()).filter((one) => !one.startsWith('ok'))).toEqual([])
})

it.runIf(canMount('tmpfs') && existsSync('/dev/fuse'))('says that other machines see them too', async () => {
  const unmount = await fuseMount(stateDirectory())
  try {
    mkdirSync(main().directory, { recursive: true, mode: 0o700 })
    expect(await lookAtFolders(stateDirectory())).toMatchObject([
      {
        isUsable: false,
        seen: [{ level: 'fail', said: expect.stringMatching(/is on a network file system/) }],
      },
    ])
  } finally {
    await unmount()
  }
})

it('leaves the turn to whoever is next', async () => {
  put({})
  await lookAtFolders(stateDirectory())
  const leave = await takeTurn(main(), 0)
  leave()
})
