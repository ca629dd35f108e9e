// Parts of the console that are loaded when somebody goes there.

import { unreachable } from '../../../src/client/problem.ts'
import { SERVER } from './client.ts'

/** What is loaded. When the server does not answer, it says that; otherwise it is another version now, and begins anew. */
export async function loaded<Part>(load: () => Promise<Part>): Promise<Part> {
  try {
    return await load()
  } catch (thrown) {
    const answers = await fetch(`${SERVER}/`, { method: 'HEAD', cache: 'no-store' }).then(
      () => true,
      () => false,
    )
    throw answers ? thrown : unreachable(SERVER, thrown)
  }
}
