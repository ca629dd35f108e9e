// A text as a picture that a phone reads: dark on light in every look, with the edge that readers need.

import encodeQR from 'qr'
import type { ReactNode } from 'react'

const EDGE = 4

export function QrCode({ text, label }: { text: string; label: string }): ReactNode {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: EDGE })
  const dark = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      shapeRendering="crispEdges"
      className="size-52 rounded-lg border bg-paper text-print"
    >
      <path d={dark.join('')} fill="currentColor" />
    </svg>
  )
}
