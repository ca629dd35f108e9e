// For tests of attacks: a site of somebody else, whose page holds and does what a test says, and who sees what browsers bring.
// It has two addresses: another port of the server's own host, to which browsers send the very same cookies and which they
// take for the same site, and another name, which is another site.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

export interface OtherSite {
  /** Another port of this host. */
  readonly neighbour: string
  /** Another name. */
  readonly stranger: string
  /** What stands in its page. */
  page: string
  /** Headers of its page. */
  headers: Readonly<Record<string, string>>
  /** The cookies that came with each visit of the page. */
  readonly cookies: string[]
}

/** Call it at the top of the file; it ends with the file. `/elsewhere?to=URL` sends whatever comes on to there, body and all. */
export async function openOtherSite(): Promise<OtherSite> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1')
    if (pathname === '/elsewhere')
      return void response.writeHead(307, { location: searchParams.get('to') ?? '' }).end()
    if (pathname !== '/') return void response.writeHead(404).end()
    site.cookies.push(request.headers.cookie ?? '')
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...site.headers }).end(site.page)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const site: OtherSite = {
    ...{ neighbour: `http://127.0.0.1:${port}/`, stranger: `http://localhost:${port}/` },
    ...{ page: '', headers: {}, cookies: [] },
  }
  afterAll(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return site
}
