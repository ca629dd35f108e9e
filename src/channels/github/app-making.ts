// An App that GitHub makes of a manifest: a browser brings it there, whoever is signed in there agrees, and the browser comes
// back with a code for its keys. What the App may do, and hears of, is what the rest of this folder needs.

import { ClavigerError } from '../../domain/errors.ts'
import { type JsonObject, joinUrl, textOf } from '../../lib/json/ask-json.ts'
import type { AppForm, AppMaking, AppWanted, MadeApp } from '../channel.ts'
import { OF_THE_APP } from './access.ts'
import { ask, type GithubApi, unreliable } from './api.ts'
import { EVENTS } from './deliveries.ts'
import { numberOf } from './reading.ts'

const ORGANIZATION = /^[A-Za-z\d](?:[A-Za-z\d-]{0,37}[A-Za-z\d])?$/
const CODE = /^[\w-]{1,200}$/

/** `site`: where people reach that GitHub. */
export function appMaking(api: GithubApi, site: string): AppMaking {
  return {
    form: (wanted) => formOf(site, wanted),
    async made(code) {
      if (!CODE.test(code)) throw usedUp()
      // It has no other proof than the code, which is good once, for an hour.
      const path = `/app-manifests/${code}/conversions`
      const { status, json } = await ask(api, { method: 'POST', path, token: null })
      if (status === 404 || status === 410) throw usedUp()
      const made = madeFrom(json, site)
      if (made === null) throw unreliable(status)
      return made
    },
  }
}

function formOf(site: string, wanted: AppWanted): AppForm {
  const { name, organization, home, deliverTo, comeBackTo, state } = wanted
  if (organization !== null && !ORGANIZATION.test(organization))
    throw new ClavigerError('invalid', 'No organization of GitHub is called that.', {
      hint: 'Write it as it stands in its address: github.com/NAME.',
    })
  const manifest = {
    ...{ name, url: home, redirect_url: comeBackTo, public: false },
    hook_attributes: { url: deliverTo, active: true },
    ...{ default_permissions: OF_THE_APP, default_events: EVENTS },
  }
  const whose = organization === null ? '' : `/organizations/${organization}`
  return {
    action: `${joinUrl(site, `${whose}/settings/apps/new`)}?state=${encodeURIComponent(state)}`,
    fields: { manifest: JSON.stringify(manifest) },
    rights: [
      ...Object.entries(OF_THE_APP).map(([of, level]) => `${words(of)}: ${level}`),
      `hears of: ${EVENTS.map(words).join(', ')}`,
    ],
  }
}

// Null: it is no App.
function madeFrom(json: unknown, site: string): MadeApp | null {
  const answer = (json ?? {}) as JsonObject
  const [appId, slug] = [numberOf(answer['id']), textOf(answer['slug'])]
  const [signing, privateKey] = [textOf(answer['webhook_secret']), textOf(answer['pem'])]
  if (appId === null || slug === '' || signing === '' || privateKey === '') return null
  const page = textOf(answer['html_url'])
  const isThere = URL.canParse(page) && new URL(page).origin === new URL(site).origin
  return {
    name: slug,
    settings: { handle: slug, appId, ...(isThere && { appPage: page }) },
    secrets: { signing, privateKey },
  }
}

function words(name: string): string {
  return name.replaceAll('_', ' ')
}

function usedUp(): ClavigerError {
  return new ClavigerError('invalid', 'GitHub knows of no App that was made by this.', {
    hint: 'What it sends back with is good once, for an hour. Delete the App there, and begin again.',
  })
}
