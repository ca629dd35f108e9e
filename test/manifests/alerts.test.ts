// The example rules for Prometheus: each expression is one, and asks for metrics, labels and values that a server has.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { beforeAll, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { OPERATIONS } from '../../src/api/operations.ts'
import { serverSettings } from '../../src/config.ts'
import { RENEWAL_ENDS } from '../../src/control/grants/tools.ts'
import { ERROR_CODES } from '../../src/domain/errors.ts'
import { HARNESSES } from '../../src/domain/harness-names.ts'
import { CREDENTIAL_STATES } from '../../src/domain/state.ts'
import { startServer } from '../../src/main.ts'
import { ROOT } from '../support/programs.ts'

const TEXT = readFileSync(join(ROOT, 'deploy/alerts.yaml'), 'utf8')
const VALUES: Readonly<Record<string, readonly string[]>> = {
  state: CREDENTIAL_STATES,
  code: ERROR_CODES,
  outcome: ['granted', ...RENEWAL_ENDS, ...ERROR_CODES],
  operation: Object.keys(OPERATIONS),
  harness: HARNESSES,
  job: ['claviger'],
}

interface Rule {
  readonly alert: string
  readonly expr: string
}

let metrics: Set<string>

beforeAll(async () => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'claviger-alerts-'))
  const server = await startServer(serverSettings({ stateDirectory, port: '0', logLevel: 'silent' }))
  try {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
    // Of each target, by Prometheus itself.
    metrics = new Set(['up'])
    for (const [, name = '', type] of types)
      for (const end of type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) metrics.add(name + end)
  } finally {
    await server.close()
    rmSync(stateDirectory, { recursive: true })
  }
})

function rulesOf(text: string): Rule[] {
  return parse(text).groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
}

function faultsOf({ alert, expr }: Rule): string[] {
  const faults: string[] = []
  const textOf = ({ from, to }: { from: number; to: number }) => expr.slice(from, to)
  parser.parse(expr).iterate({
    enter(node) {
      const text = textOf(node)
      if (node.type.isError) faults.push(`${alert}: no expression: ${expr}`)
      if (node.name === 'Identifier' && !metrics.has(text))
        faults.push(`${alert}: there is no metric ${text}`)
      if (node.name !== 'UnquotedLabelMatcher') return
      const [, label = '', values = ''] = /^(\w+)\s*=~?\s*"(.*)"$/.exec(text) ?? []
      for (const value of values.split('|'))
        if (!VALUES[label]?.includes(value)) faults.push(`${alert}: no ${label} is ${value}`)
    },
  })
  return faults
}

it('the rules ask for what there is', () => {
  const rules = rulesOf(TEXT)
  expect(rules.length).toBeGreaterThan(10)
  expect(rules.flatMap(faultsOf)).toEqual([])
})

it('the job that they ask for is scraped, at the port of servers', () => {
  const read = (path: string) => readFileSync(join(ROOT, 'deploy', path), 'utf8')
  const [{ job_name, kubernetes_sd_configs, relabel_configs }] = parse(read('scrape.yaml')).scrape_configs
  const server = parseAllDocuments(read('kubernetes/server.yaml'))
    .map((one) => one.toJS())
    .find(({ kind }) => kind === 'StatefulSet')
  const { metadata, spec } = server.spec.template
  expect(VALUES['job']).toEqual([job_name])
  expect(kubernetes_sd_configs[0].namespaces.names).toEqual([server.metadata.namespace])
  expect(relabel_configs[0].regex).toBe(`${metadata.labels.app};${spec.containers[0].ports[0].name}`)
})

it('the page for operators says what to do about each', () => {
  const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8')
  expect(rulesOf(TEXT).filter(({ alert }) => !page.includes(`\`${alert}\``))).toEqual([])
})

it.each([
  ['claviger_database_up == 0', 'claviger_database_up = 0', /no expression/],
  ['claviger_database_up', 'claviger_databases_up', /there is no metric claviger_databases_up/],
  ['state="rejected"', 'state="refused"', /no state is refused/],
  ['outcome="failed"', 'outcome="broken"', /no outcome is broken/],
  ['code="upstream"', 'kind="upstream"', /no kind is upstream/],
  ['operation="leases.create"', 'operation="lease"', /no operation is lease/],
  ['seconds_bucket{', 'seconds{', /there is no metric claviger_request_seconds/],
])('%s in the place of %s is noticed', (right, wrong, fault) => {
  expect(TEXT).toContain(right)
  expect(rulesOf(TEXT.replace(right, wrong)).flatMap(faultsOf).join('\n')).toMatch(fault)
})
