// The console where a proxy serves it below a path: everything in it stays below that path.

import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PASSWORD, useConsole } from '../support/use-console.ts'

const PREFIX = '/keys'

let proxy: Server
const asked: string[] = []
// It answers itself, as one does that has not yet let a device into its network.
let isPortal = false
const settings: { publicUrl?: string } = {}

// Whatever is not below the path is somebody else's.
beforeAll(async () => {
  proxy = createServer((incoming, outgoing) => {
    const path = incoming.url ?? ''
    asked.push(path)
    if (!path.startsWith(`${PREFIX}/`)) return void outgoing.writeHead(418).end()
    if (isPortal && path.includes('/assets/'))
      return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end('Who are you?')
    const url = world.server.url + path.slice(PREFIX.length)
    const onward = request(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()))
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  settings.publicUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${PREFIX}`
})

const world = useConsole(settings)

afterAll(() => proxy.closeAllConnections())
afterAll(() => void proxy.close())

it('comes in, goes around and is loaded anew', async () => {
  const link = world.server.signInLink?.expose() ?? ''
  expect(link).toContain(`${PREFIX}/join#`)
  const page = await world.visit(link, { serviceWorkers: 'allow' })
  await page.getByLabel('Your name').fill('Grace Hopper')
  await page.getByLabel('Your e-mail').fill('ada@example.test')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.getByRole('link', { name: 'Settings', exact: true }).click()
  await page.getByRole('tab', { name: 'Personal' }).click()
  await page.getByRole('heading', { name: 'You', exact: true }).waitFor()
  expect(new URL(page.url()).pathname).toBe(`${PREFIX}/settings/personal`)
  await page.reload()
  await page.getByRole('heading', { name: 'You', exact: true }).waitFor()
  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)')
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to Claviger' }).waitFor()
  await page.goto(`${settings.publicUrl}/credentials?state=ok`)
  await page.getByLabel('E-mail').fill('ada@example.test')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Credentials' }).waitFor()
  expect(page.url()).toBe(`${settings.publicUrl}/credentials?state=ok`)
  expect(asked.filter((path) => !path.startsWith(`${PREFIX}/`) && path !== '/favicon.ico')).toEqual([])
})

it('says that the server is away where the proxy says so, and goes on by itself', async () => {
  const page = await world.visit(`${settings.publicUrl}/`, { serviceWorkers: 'allow' })
  const signIn = page.getByRole('heading', { name: 'Sign in to Claviger' })
  await signIn.waitFor()
  await page.waitForFunction('navigator.serviceWorker.controller !== null')
  await world.whileAway(async () => {
    await page.reload()
    await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor()
    expect(await page.evaluate('getComputedStyle(document.querySelector("main")).display')).toBe('grid')
  })
  await signIn.waitFor()
  // Nobody was asked for what that page is made of.
  expect(asked.filter((path) => path.includes('/away'))).toEqual([])
})

it('keeps nothing that a proxy answered in the place of a script', async () => {
  const context = await world.unwatched({ serviceWorkers: 'allow' })
  const page = await context.newPage()
  await page.goto(`${settings.publicUrl}/`)
  await page.getByRole('heading', { name: 'Sign in to Claviger' }).waitFor()
  await page.waitForFunction('navigator.serviceWorker.controller !== null')
  isPortal = true
  await page.goto(`${settings.publicUrl}/join#nothing`)
  await page.getByRole('heading', { name: 'This page cannot be shown' }).waitFor()
  isPortal = false
  await page.reload()
  await page.getByRole('heading', { name: 'This link does not work' }).waitFor()
})
