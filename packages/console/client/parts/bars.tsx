import { number } from '../format.ts'

export interface BarsProps {
  readonly label: string
  readonly of: readonly { readonly name: string; readonly value: number }[]
  readonly empty: string
}

/** Amounts as bars, each with its number. */
export function Bars({ label, of, empty }: BarsProps) {
  const most = Math.max(0, ...of.map(({ value }) => value))
  if (most === 0) return <p class="quiet">{empty}</p>
  return (
    <ul class="bars" aria-label={label}>
      {of.map(({ name, value }) => (
        <li key={name}>
          <span class="name">{name}</span>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect width={(100 * value) / most} height="10" rx="1" />
          </svg>
          <b>{number(value)}</b>
        </li>
      ))}
    </ul>
  )
}
