// The way to signing in again, for those who keep the login.

import { ButtonLink } from '../../ui/button.tsx'

export function SignInAgain({ id, name }: { id: string; name: string }) {
  return (
    <ButtonLink to={`/credentials/${id}`} search={{ do: 'sign-in' }} icon="key">
      Sign in again<span className="sr-only"> for {name}</span>
    </ButtonLink>
  )
}
