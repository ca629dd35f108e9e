// What people do in the console, as they do it: they click and type.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import { PASSWORD, TRIED_TOO_OFTEN } from '../support/use-console.ts'

export async function type(field: Locator, text: string): Promise<void> {
  await field.click()
  await field.page().keyboard.type(text)
}

export const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })
export const log = (page: Page) => page.getByRole('log', { name: 'Conversation' })

/** In the personal settings: an account elsewhere is linked by whoever has shown their password. */
export async function linkAccount(page: Page, provider: string): Promise<void> {
  await page.getByRole('button', { name: `Link ${provider}` }).click()
  const proof = page.getByRole('dialog', { name: `Link ${provider}` })
  await proof.getByLabel('Your password').fill(PASSWORD)
  await proof.getByRole('button', { name: 'Go on' }).click()
}

/** By the navigation. */
export const go = (page: Page, place: string) =>
  page.getByRole('navigation').getByRole('link', { name: place, exact: true }).click()

/** On the page that asks for it. Who tries too often waits as long as the server says, as people do. */
export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  const [answer] = await Promise.all([
    page.waitForResponse((one) => one.request().method() === 'POST' && one.url().includes('/api/v1/')),
    page.getByRole('button', { name: 'Sign in', exact: true }).click(),
  ])
  if (answer.status() !== TRIED_TOO_OFTEN) return
  await sleep(1000 * ((await answer.json()) as { retryAfter: number }).retryAfter)
  return signIn(page, email, password)
}

/** On the page of the link that the first start prints. */
export async function becomeOwner(page: Page, email: string, name = 'Ada Lovelace'): Promise<void> {
  await type(page.getByLabel('Your name'), name)
  await type(page.getByLabel('Your e-mail'), email)
  await type(page.getByLabel('Password'), PASSWORD)
  await page.keyboard.press('Enter')
  await heading(page, 'Overview').waitFor()
}

/** On the page of the link of an invitation. */
export async function join(page: Page, name: string): Promise<void> {
  await type(page.getByLabel('Your name'), name)
  await type(page.getByLabel('Password'), PASSWORD)
  await page.keyboard.press('Enter')
  await heading(page, 'Overview').waitFor()
}

export interface NewKey {
  readonly name: string
  readonly key: string
  /** Personal, unless it is said. */
  readonly owner?: string
}

/** In the dialog that asks which type it is; ends at the new credential. */
export async function addKey(page: Page, title: string, { name, key, owner }: NewKey): Promise<void> {
  const dialog = await chooseType(page, title)
  await type(dialog.getByLabel('Name'), name)
  if (owner !== undefined) await dialog.getByLabel('Owner').selectOption(owner)
  await type(dialog.getByLabel('API key'), key)
  await dialog.getByRole('button', { name: 'Test and add' }).click()
  await heading(page, name).waitFor()
}

export async function chooseType(page: Page, title: string): Promise<Locator> {
  await page.getByRole('dialog').getByRole('button', { name: title }).click()
  return page.getByRole('dialog', { name: `Add: ${title}` })
}

/** In the dialog that begins a run, after it has said what would serve it. */
export async function startRun(page: Page, served: string, prompt: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Start a run' })
  await dialog.getByText(`It would be ${served}`).waitFor()
  await type(dialog.getByLabel('Prompt'), prompt)
  await dialog.getByRole('button', { name: 'Start', exact: true }).click()
  await log(page).getByText(`You: ${prompt}`).waitFor()
}
