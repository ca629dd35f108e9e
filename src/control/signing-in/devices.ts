// A terminal signs in by device authorization (RFC 8628): it shows a code, a person who is signed in elsewhere or has a
// password lets it in, and the terminal, asking every few seconds, gets a token. The token is made when it is handed
// over: until then there is nothing to steal but the wait.

import { ClavigerError } from '../../domain/errors.ts'
import { Secret, withoutKeys } from '../../domain/secret.ts'
import { codeKind, formatCode, makeUserCode, showUserCode } from '../../domain/token.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { DeviceLoginRow } from '../../store/people-groups.ts'
import { weaker } from '../tokens.ts'
import type { Control, Result, Visitor } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { type Limits, POLL_MS } from './limits.ts'
import { handedOver, makeTerminalToken, shownClient, withFreeName } from './terminal-token.ts'

const LIFE_MS = 600_000
// What is over is remembered for a while, so that its terminal is told so.
const REMEMBERED_MS = 3_600_000
const TRIES = 3

export function createDeviceUseCases(
  workshop: Workshop,
  limits: Limits,
): Pick<Control, 'device.start' | 'device.poll'> {
  const { store, now, random, publicUrl } = workshop

  async function insert(row: Omit<DeviceLoginRow, 'userCode'>, tries = TRIES): Promise<string> {
    const userCode = makeUserCode(random(8))
    try {
      await store.atomically(async (unit) => {
        await unit.deviceLogins.prune(row.createdAt - REMEMBERED_MS)
        await unit.deviceLogins.insert({ ...row, userCode })
      })
      return userCode
    } catch (thrown) {
      // Another terminal waits under the same letters.
      const taken = thrown instanceof ClavigerError && thrown.code === 'conflict'
      if (!taken || tries <= 1) throw thrown
      return insert(row, tries - 1)
    }
  }

  return {
    async 'device.start'(visitor, { client, organization }) {
      limits.starts(visitor)
      const deviceCode = formatCode('device', random(48))
      const createdAt = now()
      const userCode = await insert({
        ...{ id: newId('dev'), digest: sha256(deviceCode), address: visitor.address, state: 'pending' },
        clientName: shownClient(client),
        wanted: organization === undefined ? null : withoutKeys(organization),
        ...{ createdAt, expiresAt: createdAt + LIFE_MS },
        ...{ organizationId: null, personId: null, role: null, decidedAt: null },
      })
      const shown = showUserCode(userCode)
      return {
        deviceCode: new Secret(deviceCode),
        userCode: shown,
        verificationUrl: `${publicUrl()}/device`,
        verificationUrlComplete: `${publicUrl()}/device?code=${shown}`,
        expiresInSeconds: LIFE_MS / 1000,
        intervalSeconds: POLL_MS / 1000,
      }
    },
    async 'device.poll'(visitor, { deviceCode }) {
      if (codeKind(deviceCode) !== 'device')
        throw new ClavigerError('invalid', 'This is not a device code.', {
          hint: 'Start again: claviger login',
        })
      const row = await store.deviceLogins.findByDigest(sha256(deviceCode))
      if (!row) return { state: 'expired' }
      if (limits.pollsTooFast(row.digest)) return { state: 'slow_down' }
      // A claimed one has had its token: there is no second.
      if (row.state === 'claimed' || row.expiresAt <= now()) return { state: 'expired' }
      return row.state === 'approved' ? claim(workshop, row, visitor) : { state: row.state }
    },
  }
}

async function claim(
  workshop: Workshop,
  row: DeviceLoginRow,
  visitor: Visitor,
): Promise<Result<'device.poll'>> {
  const { identity, store, now } = workshop
  const { organizationId, personId, role: allowed } = row
  if (organizationId === null || personId === null || allowed === null) return { state: 'denied' }
  const organization = await identity.organization(organizationId)
  if (!organization) return { state: 'denied' }
  return withFreeName(() =>
    store.atomically(async (unit) => {
      const found = await identity.changing(unit).member(organizationId, personId)
      const role = found && weaker(allowed, found.role)
      // Whoever let it in is no member any more, or has lost the role they gave.
      if (!found || !role) return { state: 'denied' }
      if (!(await unit.deviceLogins.claim(row.id, now()))) return { state: 'expired' }
      const person = { id: found.id, email: found.email, name: found.name, role }
      const made = { organization, person, role, client: row.clientName, by: 'device authorization' }
      const token = await makeTerminalToken(workshop, unit, visitor, made)
      return { state: 'approved', organization, person, ...handedOver(token) }
    }),
  )
}
