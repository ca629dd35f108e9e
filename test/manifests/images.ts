// What is wrong with the Dockerfile, and with what it is given of a checkout.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { SETTINGS } from '../../src/domain/settings/settings.ts'
import { type Image, imageOf, stagesOf } from '../support/dockerfile.ts'
import { ROOT } from '../support/programs.ts'
import { containerFaults, PORT, VERSION } from './world.ts'

const TARGETS = ['bare', 'claude', 'codex', 'full']
const MAY_BE_SET = ['CLAVIGER_STATE_DIR', 'CLAVIGER_HOST', 'HOME', 'PATH']

export function dockerfileFaults(text: string): string[] {
  const said = validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`)
  if (said.length > 0) return said
  const stages = stagesOf(text)
  const missing = TARGETS.filter((target) => !stages.has(target)).map(
    (target) => `there is no target ${target}`,
  )
  if (missing.length > 0) return missing
  return [...nodeFaults(text), ...TARGETS.flatMap((target) => imageFaults(target, imageOf(target, text)))]
}

// What is tested is what runs.
function nodeFaults(text: string): string[] {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const [, tag] = /^ARG NODE=node:(\S+)$/m.exec(text) ?? []
  return tag === `${devDependencies.node}-slim` ? [] : [`${tag} is not the Node.js that is tested`]
}

function imageFaults(target: string, image: Image): string[] {
  const { user, entrypoint, command, healthcheck, ports, environment, copied } = image
  const faults: (string | false)[] = [
    !/^[1-9]\d+:[1-9]\d+$/.test(user) && `is the user ${user}`,
    (entrypoint[0] !== '/usr/bin/tini' || entrypoint.at(-1) !== '/opt/claviger/bin/claviger') &&
      'its entrypoint is no program of ours under tini',
    (healthcheck[0] !== 'node' ||
      !/:\/\/127\.0\.0\.1:.*\/(readyz|healthz)`/.test(healthcheck.at(-1) ?? '')) &&
      'asks for no address of health with the Node.js that is there',
    ports.join() !== String(PORT) && `says ${ports.join()} and not ${PORT}`,
    SETTINGS.port.standard !== String(PORT) && `${PORT} is not where servers listen`,
    ...Object.keys(environment).map((name) => !MAY_BE_SET.includes(name) && `sets ${name}`),
    ...copied.map(({ stage }) => !['build', 'programs'].includes(stage) && 'copies from the checkout'),
  ]
  return [
    ...faults.filter((fault) => fault !== false).map((fault) => `${target}: ${fault}`),
    ...containerFaults({
      ...{ where: target, image: `claviger-${target}:${VERSION}` },
      ...{ command, variables: [], others: [] },
    }),
  ]
}

// What the stages of the build copy or read.
const NEEDED = ['bin', 'console', 'scripts', 'src', 'package.json', 'package-lock.json', 'rolldown.config.ts']

export function ignoreFaults(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const letIn = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  return [
    ...(lines[0] === '*' ? [] : ['not everything is kept out that is not named']),
    ...letIn.filter((path) => !existsSync(join(ROOT, path))).map((path) => `there is no ${path}`),
    ...NEEDED.filter((path) => !letIn.includes(path)).map((path) => `the build needs ${path}`),
    ...(lines.includes('**/node_modules') ? [] : ['node_modules of the checkout are let in']),
  ]
}
