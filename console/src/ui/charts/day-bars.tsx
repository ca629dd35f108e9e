// How much, day by day: a bar a day, with its number as text for whoever does not see or tell bars. Heights compare within
// one picture only.

export interface Day {
  /** YYYY-MM-DD. */
  readonly day: string
  readonly value: number
}

export interface DayBarsProps {
  readonly label: string
  readonly days: readonly Day[]
  readonly valueWords: (value: number) => string
}

const HEIGHT = 96
const GAP = 0.25

export function DayBars({ label, days, valueWords }: DayBarsProps) {
  const most = Math.max(1, ...days.map(({ value }) => value))
  const width = 100 / Math.max(1, days.length)
  return (
    <figure className="grid gap-1">
      <figcaption className="text-sm text-soft">
        {label}; the highest bar is {valueWords(most)}
      </figcaption>
      <svg
        role="img"
        aria-label={label}
        width="100%"
        height={HEIGHT}
        className="border-b border-edge text-accent"
      >
        {days.map(({ day, value }, place) => {
          const height = value === 0 ? 0 : Math.max(2, (value / most) * (HEIGHT - 4))
          return (
            <rect
              key={day}
              x={`${place * width + (width * GAP) / 2}%`}
              width={`${width * (1 - GAP)}%`}
              y={HEIGHT - height}
              height={height}
              fill="currentColor"
            >
              <title>{`${dayWords(day)}: ${valueWords(value)}`}</title>
            </rect>
          )
        })}
      </svg>
      <div aria-hidden="true" className="flex justify-between text-xs text-soft">
        <span>{dayWords(days[0]?.day)}</span>
        <span>{dayWords(days.at(-1)?.day)}</span>
      </div>
      <DayTable label={label} days={days} valueWords={valueWords} />
    </figure>
  )
}

function DayTable({ label, days, valueWords }: DayBarsProps) {
  const some = days.filter(({ value }) => value > 0)
  if (some.length === 0) return null
  return (
    <details className="text-sm">
      <summary className="cursor-pointer py-1 text-soft">In numbers</summary>
      <table className="w-full max-w-sm">
        <caption className="sr-only">{label}</caption>
        <tbody>
          {some.map(({ day, value }) => (
            <tr key={day}>
              <th scope="row" className="py-0.5 text-left font-normal">
                {dayWords(day)}
              </th>
              <td className="text-right tabular-nums">{valueWords(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

const DAY_WORDS = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

function dayWords(day: string | undefined): string {
  return day === undefined ? '' : DAY_WORDS.format(new Date(`${day}T00:00:00Z`))
}
