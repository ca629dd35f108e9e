// Linear as a channel: an issue that is assigned to us, or a comment that mentions us. The token is an API key of the account
// that Claviger has there, or the OAuth token of an app.

import { ClavigerError } from '../../domain/errors.ts'
import { textOf } from '../../lib/json/ask-json.ts'
import type { Channel, ChannelField } from '../channel.ts'
import { askLinear, type LinearPlace } from './api.ts'
import { find, issueOf, write } from './comments.ts'
import { idOfSigned, objectOf, parseDelivery } from './deliveries.ts'
import { completed } from './issues.ts'
import { ONE_REPOSITORY, REPOSITORIES_OF_TEAMS } from './repositories.ts'
import { move } from './states.ts'

export interface LinearOptions extends LinearPlace {
  /** What linked accounts of Linear are called. */
  readonly accounts: string
}

const MAX_BYTES = 1024 * 1024

const STATE_NAME = /^\S.{0,78}\S$/

export function createLinearChannel(options: LinearOptions): Channel {
  const { accounts } = options
  return {
    ...{ kind: 'linear', title: 'Linear', fields: FIELDS, verifiedBy: ['signing'], maxBytes: MAX_BYTES },
    verify: (delivered, { secrets, now }) => ({ id: idOfSigned(delivered, secrets['signing'], now) }),
    parse: (delivered, { settings, accountId }) =>
      parseDelivery(delivered, { settings, accountId, accounts }),
    complete: (call, means) => completed({ place: options, accounts }, call, means),
    comment: (place, text, id, means) => write(options, { place, text, id }, means),
    findComment: (place, mark, means) => find(options, { place, mark }, means),
    show: (place, phase, means) => move(options, issueOf(place), phase, means),
    async whoAmI(means) {
      const { viewer } = await askLinear(options, means, '{ viewer { id name displayName } }')
      const { id, name, displayName } = objectOf(viewer)
      const accountId = textOf(id)
      if (accountId === '') throw new ClavigerError('invalid', 'Linear does not say whose token this is.')
      return { name: textOf(name) || textOf(displayName), accountId }
    },
  }
}

const FIELDS: readonly ChannelField[] = [
  {
    ...{ name: 'handle', label: 'Handle', secret: false, required: true, example: 'claviger' },
    pattern: /^\w(?:[\w.-]{0,58}\w)?$/,
    expectation: 'is the display name of our account in Linear, without @',
  },
  {
    ...{ name: 'repository', label: 'Repository', secret: false, required: false },
    example: 'https://github.com/acme/shop.git',
    ...{ pattern: ONE_REPOSITORY, expectation: 'is an https address that workers may clone from' },
  },
  {
    ...{ name: 'repositories', label: 'Repositories of teams', secret: false, required: false },
    example: 'ENG=https://github.com/acme/shop.git WEB=https://github.com/acme/site.git',
    ...{ multiline: true, pattern: REPOSITORIES_OF_TEAMS },
    expectation: 'has the key of a team, = and an https address, for each team that has another repository',
  },
  {
    ...{ name: 'working', label: 'State at work', secret: false, required: false, example: 'In Progress' },
    ...{ pattern: STATE_NAME, expectation: 'is the name of a state, or none to leave issues where they are' },
  },
  {
    ...{
      name: 'answered',
      label: 'State with an answer',
      secret: false,
      required: false,
      example: 'In Review',
    },
    ...{ pattern: STATE_NAME, expectation: 'is the name of a state; without one issues stay where they are' },
  },
  {
    ...{ name: 'signing', label: 'Signing secret', secret: true, required: true },
    ...{ example: 'lin_wh_…', pattern: /^[\x21-\x7e]{8,200}$/ },
    expectation: 'is shown on the page of the webhook in Linear',
  },
  {
    ...{ name: 'token', label: 'Token', secret: true, required: true },
    ...{ example: 'lin_api_…', pattern: /^[\x21-\x7e]{8,500}$/ },
    expectation: 'is an API key of our account in Linear, or an OAuth token of an app there',
  },
]
