// What somebody should know of a type before they add one: where to get it, what it has to be allowed, who pays.

import { OutsideLink } from '../../../ui/button.tsx'
import { Facts } from '../../../ui/facts.tsx'
import type { TypeInfo } from '../../../words/types.ts'

export function AboutType({ type }: { type: TypeInfo }) {
  return (
    <div className="rounded-lg bg-sunken p-3">
      <Facts
        facts={[
          ['Where to get it', <Place key="where" text={type.whereToGet} />],
          ['Rights it needs', type.rights],
          ['What is billed', type.bills],
        ]}
      />
    </div>
  )
}

function Place({ text }: { text: string }) {
  return /^https:\/\/\S+$/.test(text) ? <OutsideLink href={text}>{text}</OutsideLink> : text
}
