// What the API says can be done next. Commands are the places of the console where the same is done.

import { Link } from '@tanstack/react-router'
import { partsOf } from './commands.ts'

export function Hint({ text, className = '' }: { text: string; className?: string }) {
  let at = 0
  return (
    <p className={`wrap-anywhere ${className}`}>
      {partsOf(text).map((part) => {
        const key = at
        at += typeof part === 'string' ? part.length : 1
        if (typeof part === 'string') return <span key={key}>{part}</span>
        return (
          <Link
            key={key}
            to={part.to}
            {...(part.search !== undefined && { search: part.search as object })}
            className="font-medium underline underline-offset-2"
          >
            {part.title}
          </Link>
        )
      })}
    </p>
  )
}
