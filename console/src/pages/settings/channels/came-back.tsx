// What became of an App that somebody went to make, and what is next.

import { Link } from '@tanstack/react-router'
import { OutsideLink } from '../../../ui/button.tsx'
import { Callout } from '../../../ui/notice.tsx'
import type { Channel } from './types.ts'

export function Made({ channel: { name, settings, installAt } }: { channel: Channel }) {
  return (
    <div role="status">
      <Callout tone="good">
        <p className="font-medium">GitHub has made the App, and the channel {name} has its keys.</p>
        <ol className="ml-4 grid list-decimal gap-1">
          <li>
            {installAt === null ? (
              'Install the App'
            ) : (
              <OutsideLink href={installAt}>Install the App</OutsideLink>
            )}{' '}
            on the repositories where it is to be mentioned.
          </li>
          <li>
            Link your account, as every member does:{' '}
            <Link
              to="/settings/$part"
              params={{ part: 'personal' }}
              className="font-medium underline underline-offset-2"
            >
              Settings → Personal
            </Link>
            .
          </li>
          <li>Write @{settings['handle']} and what is to be done into an issue or a pull request.</li>
        </ol>
      </Callout>
    </div>
  )
}

const PROBLEMS: Readonly<Record<string, string>> = {
  expired: 'It took longer than ten minutes, was done already, or began in another browser.',
  'signed-out': 'You were signed out meanwhile, or signed in anew.',
  forbidden: 'You may not add channels any more.',
  full: 'The organization has as many channels as it may have.',
  unavailable: 'GitHub did not give its keys out, because it did not answer.',
  failed: 'Something went wrong: the log of the server says what.',
  refused: 'GitHub did not take what you came back with.',
}

/** Null: nothing is known of such a problem. */
export function NotMade({ problem }: { problem: string }) {
  const sentence = Object.hasOwn(PROBLEMS, problem) ? PROBLEMS[problem] : undefined
  if (sentence === undefined) return null
  return (
    <div role="alert">
      <Callout tone="bad">
        <p className="font-medium">Nothing was added. {sentence}</p>
        <p>If none of the channels here is that of the App, delete it at GitHub, and begin again.</p>
      </Callout>
    </div>
  )
}
