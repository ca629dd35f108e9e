// A model that asks for one shell command and then says it is done: to see what the commands of an agent can see.
// Plain answers for both harnesses; credentials are not looked at (the sandbox does that).

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { zstdDecompressSync } from 'node:zlib'

export type ToolModel = {
  /** As ANTHROPIC_BASE_URL; with `/v1` as Codex's base URL. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts a model whose first answer to every conversation is to run `command`. It refuses Codex's questions with an
 * authorization that `accepts` does not take.
 */
export async function startToolModel(
  command: string,
  accepts: (authorization: string) => boolean = () => true,
): Promise<ToolModel> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const isPacked = request.headers['content-encoding'] === 'zstd'
      const body = (isPacked ? zstdDecompressSync(Buffer.concat(parts)) : Buffer.concat(parts)).toString()
      const events = request.url?.startsWith('/v1/messages')
        ? messages(command, body.includes('"tool_result"'))
        : request.url?.endsWith('/responses')
          ? responses(command, body)
          : null
      if (request.url?.endsWith('/responses') && !accepts(request.headers.authorization ?? '')) {
        response.writeHead(401, { 'content-type': 'application/json' })
        response.end('{"error":{"message":"It has expired.","code":"token_expired"},"status":401}')
        return
      }
      response.statusCode = events === null ? 404 : 200
      response.setHeader('content-type', 'text/event-stream')
      response.end(
        (events ?? []).map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
      )
    })
  })
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Event = { readonly type: string; readonly [key: string]: unknown }

function messages(command: string, isDone: boolean): Event[] {
  const block = isDone
    ? { type: 'text', text: '' }
    : { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} }
  const delta = isDone
    ? { type: 'text_delta', text: 'done' }
    : { type: 'input_json_delta', partial_json: JSON.stringify({ command, description: 'test' }) }
  const usage = { input_tokens: 1, output_tokens: 1 }
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [],
    stop_reason: null,
    usage,
  }
  return [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: isDone ? 'end_turn' : 'tool_use' }, usage },
    { type: 'message_stop' },
  ]
}

// Codex offers its tools as functions of a script that the model writes.
function responses(command: string, body: string): Event[] {
  const isDone = body.includes('"custom_tool_call_output"')
  const input = `await tools.exec_command(${JSON.stringify({ cmd: command })})`
  const item = isDone
    ? { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'done' }] }
    : { type: 'custom_tool_call', call_id: 'call_1', name: 'exec', namespace: 'functions', input }
  return [
    { type: 'response.output_item.done', item },
    { type: 'response.completed', response: { id: 'r1' } },
  ]
}
