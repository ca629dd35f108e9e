// Takes a token away, after a question.

import { Remove } from './remove.tsx'

export function RevokeToken({ name }: { name: string }) {
  return (
    <Remove
      operation="tokens.revoke"
      input={{ name }}
      verb="Revoke"
      name={`the token ${name}`}
      done={`The token ${name} is revoked.`}
    >
      <p>Whatever uses it is turned away, at once.</p>
      {name === 'admin' && <p>The command line on the machine of the server uses it.</p>}
    </Remove>
  )
}
