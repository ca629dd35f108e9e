import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../test/support/app.ts'
import { createHouse } from '../../test/support/house.ts'
import { houseWithLogin } from '../../test/support/house-with-login.ts'
import { ClavigerError } from '../domain/errors.ts'
import { createMetrics, type Figures } from './metrics.ts'

const figures = (changed: Partial<Figures> = {}): Figures => ({
  checkDatabase: async () => undefined,
  credentials: async () => ({ ok: 3, rejected: 1 }),
  clockOffset: () => -1500,
  ...changed,
})

const linesOf = (text: string) => text.split('\n').filter((line) => line.startsWith('claviger_'))

describe('the metrics', () => {
  it('show the database, its clock and the credentials by state', async () => {
    const lines = linesOf(await createMetrics(figures()).text())
    expect(lines).toEqual(
      expect.arrayContaining([
        'claviger_database_up 1',
        'claviger_clock_offset_seconds -1.5',
        'claviger_credentials{state="ok"} 3',
        'claviger_credentials{state="rejected"} 1',
      ]),
    )
  })

  it('are there without their figures while the database is away, and have them again', async () => {
    let away = true
    const ask = async () => {
      if (away) throw new ClavigerError('unavailable', 'It is away.')
    }
    const metrics = createMetrics(
      figures({ checkDatabase: ask, credentials: () => ask().then(() => ({ ok: 1 })) }),
    )
    const without = linesOf(await metrics.text())
    expect(without).toContain('claviger_database_up 0')
    expect(without.filter((line) => line.startsWith('claviger_credentials'))).toEqual([])
    away = false
    expect(linesOf(await metrics.text())).toEqual(
      expect.arrayContaining(['claviger_database_up 1', 'claviger_credentials{state="ok"} 1']),
    )
  })

  it('do not wait long for a database that says nothing, nor ask it twice', async () => {
    let asked = 0
    const silent = () => {
      asked += 1
      return new Promise<never>(() => undefined)
    }
    const metrics = createMetrics(figures({ credentials: silent }))
    const from = performance.now()
    await Promise.all([metrics.text(), metrics.text()])
    expect(performance.now() - from).toBeLessThan(4_000)
    await metrics.text()
    expect(asked).toBe(1)
  })

  it('ask for the credentials now and then only', async () => {
    let asked = 0
    const metrics = createMetrics(
      figures({
        credentials: async () => {
          asked += 1
          return { ok: asked }
        },
      }),
    )
    await metrics.text()
    expect(linesOf(await metrics.text())).toContain('claviger_credentials{state="ok"} 1')
    expect(asked).toBe(1)
  })

  it('count refusals by code, and what was asked for at addresses where there is nothing', async () => {
    const { send } = createTestApp(createHouse())
    await send('bob', 'GET', '/api/v1/whoami')
    await send(null, 'GET', '/api/v1/whoami')
    await send('bob', 'GET', '/api/v1/credentials/absent')
    await send('bob', 'GET', '/nowhere/at-all')
    const lines = linesOf(await (await send(null, 'GET', '/metrics')).text())
    expect(lines).toEqual(
      expect.arrayContaining([
        'claviger_refusals_total{code="unauthenticated"} 1',
        'claviger_refusals_total{code="not_found"} 2',
        'claviger_requests_total{operation="none",status="404"} 1',
        'claviger_requests_total{operation="whoami",status="200"} 1',
        'claviger_requests_total{operation="whoami",status="401"} 1',
      ]),
    )
    expect(lines.join()).not.toContain('nowhere')
  })

  it('count who asks for a credential and gets none, by whichever route', async () => {
    const { house, credential } = await houseWithLogin()
    const { send } = createTestApp(house)
    const swarm = '/api/config/resolved?key=codex_oauth'
    const ask = async () => {
      await send('bob', 'GET', `${swarm}&includeSecrets=true`)
      await send('bob', 'POST', '/api/v1/leases', { harness: 'codex' })
    }
    await ask()
    await send('bob', 'GET', swarm)
    await send('bob', 'GET', '/api/config/resolved?key=other&includeSecrets=true')
    await send('ada', 'DELETE', `/api/v1/credentials/${credential}`)
    await ask()
    const lines = linesOf(await (await send(null, 'GET', '/metrics')).text())
    expect(lines.filter((line) => line.startsWith('claviger_leases_total'))).toEqual([
      'claviger_leases_total{harness="codex",outcome="granted"} 2',
      'claviger_leases_total{harness="codex",outcome="no_credential"} 2',
    ])
  })
})
